"""The test ledger: every look at a test split is written down, so that choosing by test results is seen.

Why: the best of ten equal settings on 300 rows looks about 3.5 points better than it is.
"""

import fcntl
import json
import os
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path

from taskfit.core.errors import DataError
from taskfit.core.files import cannot_write, to_json
from taskfit.core.text import Text

Look = tuple[str, str, str]


@dataclass(frozen=True)
class Looks:
    """How often a test split was looked at: in all, and with this rung; looks with equal settings count once.

    `new` is False when this very look was in the ledger before. `warning` comes with the second changed look on.
    """

    split: str
    rung: str
    of_split: int
    of_rung: int
    new: bool
    warning: Text | None


def look(path: Path, *, split: str, rung: str, settings_hash: str) -> Looks:
    """Write down in `path` (JSON lines) that `rung` was measured on `split`, and return the looks so far.

    Several processes may use one ledger. A last line torn by a killed writer is removed; any other line that
    cannot be read raises DataError.
    """
    this = (split, rung, settings_hash)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=True)
        with path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = _read(file, path)
            if this not in known:
                _append(file, this)
    except OSError as problem:
        raise cannot_write(path, problem) from problem
    looks = {one for one in known if one[0] == split} | {this}
    of_rung = sum(one[1] == rung for one in looks)
    return Looks(split, rung, len(looks), of_rung, this not in known, _warning(rung, of_rung))


def _warning(rung: str, looks: int) -> Text | None:
    if looks < 2:
        return None
    return Text(
        f"The test split has been looked at {looks} times with different settings of {rung}: the best of several looks is "
        "better than the truth. Choose settings on dev, and take a fresh test split for the final figure.",
        f"{rung} 已用 {looks} 组不同设置查看过测试集：多次查看中的最好结果会高于真实水平。请在 dev 上选择设置，并用新的测试集得出最终数字。",
    )


def _read(file: BufferedRandom, path: Path) -> set[Look]:
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(whole))
    looks = set()
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            row = json.loads(line)
            looks.add((row["split"], row["rung"], row["settings"]))
        except (ValueError, TypeError, KeyError):
            raise DataError(
                Text("this is no line of a test ledger", "这一行不是测试台账的记录"),
                where=f"{path}:{number}",
                todo=Text("repair or remove the line", "请修复或删除这一行"),
            ) from None
    return looks


def _append(file: BufferedRandom, one: Look) -> None:
    line = to_json({"split": one[0], "rung": one[1], "settings": one[2]}, indent=None) + "\n"
    file.seek(0, os.SEEK_END)
    file.write(line.encode("utf-8", "surrogatepass"))
    file.flush()
    os.fsync(file.fileno())
