"""A synthesis by the command line, killed twice with SIGKILL and resumed: what it makes, what it pays, what was paid twice.

A small endpoint on this machine answers as the recipes ask, and makes trouble at the first try of four requests in ten: too many
requests (with Retry-After), server faults, time-outs, torn answers, pages instead of answers, wrong and half JSON, dropped
connections. `taskfit data synthesize` makes 200 rows with it; at a third and at two thirds of the answers the process is killed,
whatever it is doing. Then the same command runs once more without a kill into another folder: the rows must be the same bytes.
An answer that was under way at a kill is lost and must be asked for again: at most one per connection and kill.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from common import HERE, parser_of, table, write_results

sys.path.insert(0, str(HERE.parent / "tests"))

from model.fake_endpoint import FakeEndpoint, endpoint
from workshop.fake_writer import Till

CONNECTIONS = 4


def command(url: str, out: Path, rows: int, how: str) -> list[str]:
    """Return the command line."""
    words = {
        "--how": how,
        "--model": url,
        "--out": str(out),
        "--rows": str(rows),
        "--remote.model": "fake",
        "--remote.key-env": "",
        "--remote.timeout-seconds": "1",
        "--remote.wait-seconds": "0.05",
        "--remote.concurrency": str(CONNECTIONS),
        "--remote.price-in": "1",
        "--remote.price-out": "4",
        "--budget": "10",
    }
    pairs = [word for pair in words.items() for word in pair]
    return [sys.executable, "-m", "taskfit", "data", "synthesize", *pairs]


def run(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Start the command; what it tells goes into `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(words, stdout=file, stderr=file, env={**os.environ, "TASKFIT_LANG": "en"})


def kill_at(words: list[str], till: Till, answers: int, log: Path) -> float:
    """Run until so many answers were given, kill, and return the seconds it ran."""
    begin = time.monotonic()
    process = run(words, log)
    while sum(till.paid.values()) < answers:
        if process.poll() is not None:
            raise SystemExit(f"it ended before {answers} answers: {log.read_text()}")
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return time.monotonic() - begin


def finished(words: list[str], log: Path) -> float:
    """Run to the end and return the seconds."""
    begin = time.monotonic()
    if run(words, log).wait() != 0:
        raise SystemExit(log.read_text())
    return time.monotonic() - begin


def whole(fake: FakeEndpoint, folder: Path, rows: int, how: str) -> tuple[bytes, int]:
    """Make the rows in one go, and return them and how many answers they took."""
    till = Till(trouble=0.0)
    fake.answer_body = till.answer
    finished(command(fake.url, folder / "whole", rows, how), folder / "log")
    return (folder / "whole" / "rows.jsonl").read_bytes(), sum(till.paid.values())


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--how", default="self_instruct")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as desk, endpoint() as fake:
        folder = Path(desk)
        rows, answers = whole(fake, folder, chosen.rows, chosen.how)
        till = Till()
        fake.answer_body = till.answer
        words = command(fake.url, folder / "made", chosen.rows, chosen.how)
        seconds = [kill_at(words, till, answers * part // 3, folder / "log") for part in (1, 2)]
        seconds.append(finished(words, folder / "log"))
        made = (folder / "made" / "rows.jsonl").read_bytes()
        manifest = json.loads((folder / "made" / "manifest.json").read_bytes())
        told = (folder / "log").read_text(encoding="utf-8")
    paid = Counter(till.paid.values())
    facts = {
        "rows": len(made.splitlines()),
        "same_bytes_as_without_kills": made == rows,
        "distinct_requests": len(till.paid),
        "needed_without_kills": answers,
        "paid_once": paid[1],
        "paid_twice": sum(count for times, count in paid.items() if times > 1),
        "most_that_can_be_under_way": 2 * CONNECTIONS,
        "faults": dict(sorted(till.faults.items())),
        "rejected": manifest["rejected"],
        "seconds": [round(one, 1) for one in seconds],
    }
    print(told)
    print(table(("what", "how many"), [(name.replace("_", " "), str(value)) for name, value in facts.items()]))
    if made != rows or facts["paid_twice"] > 2 * CONNECTIONS:
        raise SystemExit("not as it should be")
    write_results("synthesis", {"how": chosen.how, **facts}, chosen.results)


if __name__ == "__main__":
    main()
