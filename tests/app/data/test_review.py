"""`taskfit data review`: likely mistakes first, each decision on the disk, several people, a page for this machine alone."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.browser import chromium_page

from taskfit.app.data.fix import FixSettings, fix
from taskfit.app.data.review import ReviewSettings, open_review
from taskfit.app.data.review_server import ReviewServer
from taskfit.core.errors import DataError
from taskfit.data.decisions import read_decisions
from taskfit.data.read_records import read_records

TORN = "soup number 7"


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    lines = [
        f"{'tasty warm' if n % 2 else 'cold stale'} soup number {n},{'good' if n % 2 else 'bad'}" for n in range(40)
    ]
    lines += [f"tasty warm {TORN},bad", "<b>bold</b> <script>document.title='x'</script> soup,good"]
    path.write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def opened(rows, **settings):
    return open_review(str(rows), ReviewSettings(out=str(rows.with_name("done.jsonl")), **settings))


def test_conflicts_come_first_and_a_decision_is_on_the_disk(rows):
    review = opened(rows)
    assert TORN in review.items[0].record.prompt
    row = review.items[0].record.id
    review.decide(row, "anna", "relabel", {"label": "good"})
    stored = read_decisions(review.path).decisions
    assert [(one.row, one.what, one.label) for one in stored] == [(row, "relabel", "good")]
    assert opened(rows).decision_of(row, "anna") == stored[0]


def test_undo_is_an_entry_of_its_own_and_the_later_decision_counts(rows):
    review = opened(rows, queue="all")
    first, second = (item.record.id for item in review.items[:2])
    review.decide(first, "anna", "reject")
    review.decide(second, "anna", "accept")
    assert review.undo("anna").row == second
    review.decide(first, "anna", "accept")
    assert {row: by["anna"].what for row, by in review.votes.items()} == {first: "accept"}
    assert len(read_decisions(review.path).decisions) == 4
    assert review.undo("ben") is None


def test_the_majority_decides_and_who_disagrees_goes_back_to_the_queue(rows, tmp_path):
    review = opened(rows, queue="all", most=50)
    ids = {item.record.prompt: item.record.id for item in review.items}
    one, other = (ids[f"cold stale soup number {n}"] for n in (0, 2))
    for who, label in (("anna", "good"), ("ben", "good"), ("cleo", "bad")):
        review.decide(one, who, "relabel", {"label": label})
    for who, label in (("anna", "good"), ("ben", "bad")):
        review.decide(other, who, "relabel", {"label": label})
    out = tmp_path / "new.csv"
    fixed = fix(str(rows), FixSettings(out=str(out)), (f"relabel: {{decisions: {json.dumps(str(review.path))}}}",))
    labels = {record.prompt: record.label for record in read_records(out).records}
    assert labels["cold stale soup number 0"] == "good"
    assert labels["cold stale soup number 2"] == "bad"
    assert fixed.counts["changed"] == 1
    queue = opened(rows, queue="conflicts").items
    assert other in [item.record.id for item in queue]
    people = review.people()
    assert people.shared == 2
    assert {(pair.one, pair.other): pair.alike for pair in people.pairs}[("anna", "ben")] == 0.5


def test_a_row_edited_and_a_row_dropped(rows, tmp_path):
    review = opened(rows, queue="all", most=50)
    by_prompt = {item.record.prompt: item.record for item in review.items}
    edited, gone = (by_prompt[f"cold stale soup number {n}"] for n in (10, 12))
    review.decide(edited.id, "anna", "edit", {"text": "a new text", "answer": None})
    review.decide(gone.id, "anna", "reject")
    out = tmp_path / "new.csv"
    fix(str(rows), FixSettings(out=str(out)), (f"relabel: {{decisions: {json.dumps(str(review.path))}}}",))
    asked = [record.prompt for record in read_records(out).records]
    assert "a new text" in asked
    assert edited.prompt not in asked
    assert gone.prompt not in asked
    assert len(asked) == 41


def test_a_writer_killed_in_the_middle_loses_no_decision(rows):
    script = (
        "import sys\nfrom taskfit.app.data.review import ReviewSettings, open_review\n"
        f"review = open_review({str(rows)!r}, ReviewSettings(out={str(rows.with_name('done.jsonl'))!r}, queue='all', most=50))\n"
        "for item in review.items:\n"
        "    review.decide(item.record.id, 'anna', 'accept')\n"
        "    print(item.record.id, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    told = [child.stdout.readline().strip() for _ in range(5)]
    os.kill(child.pid, signal.SIGKILL)
    told += [line.strip() for line in child.stdout if line.strip()]
    child.stdout.close()
    child.wait()
    done = rows.with_name("done.jsonl")
    assert {one.row for one in read_decisions(done).decisions} >= set(told)
    with done.open("ab") as file:
        file.write(b'{"row": "torn')
    review = opened(rows, queue="all", most=50)
    assert review.torn
    review.decide(review.items[-1].record.id, "anna", "skip")
    assert not read_decisions(done).torn


def test_a_file_that_holds_no_decisions_is_told_with_its_line(rows):
    rows.with_name("done.jsonl").write_text(
        '{"row": "a", "what": "accept", "who": "x"}\n{"row": 1}\n', encoding="utf-8"
    )
    with pytest.raises(DataError, match=r"done\.jsonl:2"):
        opened(rows)


@contextmanager
def served(review):
    with ReviewServer(review, "anna", "en", name="rows.csv") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(server, path, *, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        own = {"Host": server.hosts[0], **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            own = {"Content-Type": "application/json", **own}
        connection.request("GET" if body is None else "POST", path, body, own)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


def test_only_the_page_itself_is_answered(rows):
    review = opened(rows)
    row = review.items[0].record.id
    say = json.dumps({"who": "anna", "row": row, "what": "accept"})
    with served(review) as server:
        origin = f"http://{server.hosts[0]}"
        assert server.server_address[0] == "127.0.0.1"
        assert asked(server, f"/{server.token}/")[0] == 200
        assert asked(server, "/wrong/")[0] == 404
        assert asked(server, f"/{server.token}/", Host="evil.example:80")[0] == 421
        decide = f"/{server.token}/decide"
        assert asked(server, decide, body=say)[0] == 403
        assert asked(server, decide, body=say, Origin="http://evil.example")[0] == 403
        assert asked(server, decide, body="[" * 9999, Origin=origin)[0] == 400
        assert asked(server, decide, body=say, Origin=origin, Content_Type="text/plain")[0] == 400
        assert not review.decisions
        assert asked(server, decide, body=say, Origin=origin)[0] == 200
        assert [one.row for one in review.decisions] == [row]


def test_rows_are_reviewed_in_the_browser_by_keys(rows, tmp_path):
    review = opened(rows, queue="all", most=50)
    with served(review) as server, chromium_page(tmp_path / "profile") as page:
        page.open(server.url)
        page.until("document.body.innerText.includes('soup')")
        for number, key in enumerate("aaau", 1):
            page.press(key)
            for _ in range(500):
                if len(review.decisions) == number and not page.run("busy"):
                    break
                page.run("new Promise(done => setTimeout(done, 10))")
        assert [one.what for one in review.decisions] == ["accept"] * 3 + ["undo"]
        assert review.decisions[-1].what == "undo"
        place = next(at for at, item in enumerate(review.items) if "script" in item.record.prompt)
        page.run(f"show({place})")
        page.until("document.body.innerText.includes('<script>')")
        assert page.run("document.title") != "x"
        assert not page.problems()
    assert Path(review.path).exists()
