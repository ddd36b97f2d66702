"""The journal of a synthesis: one line for every finished round, on the disk before the next begins."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from taskfit.core.errors import DiskError
from taskfit.core.files import cannot_write, to_json
from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.workshop.recipe import Rejected

_RECORD, _REJECTED = TypeAdapter(Record), TypeAdapter(Rejected)


@dataclass(frozen=True)
class Round:
    """What one round made and rejected, and which instructions it added."""

    number: int
    rows: Sequence[Record] = ()
    rejected: Sequence[Rejected] = ()
    instructions: Sequence[str] = ()
    finished: bool = False


class Journal:
    """The rounds in the file at `path`. A killed writer leaves at most a torn line, which is taken away."""

    def __init__(self, path: Path):
        """Read nothing yet; the file need not exist."""
        self.path = path

    def rounds(self) -> Iterator[Round]:
        """Yield all finished rounds in order; raise DiskError when the file is none of ours."""
        if not self.path.exists():
            return
        self._mend()
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file):
                try:
                    yield _round(json.loads(line), number)
                except (ValueError, KeyError, TypeError, AssertionError) as problem:
                    where = f"{self.path}:{number + 1}"
                    told = f"{type(problem).__name__}: {str(problem)[:100]}"
                    raise DiskError(
                        Text(f"is no round of a synthesis ({told})", f"不是合成记录（{told}）"),
                        where=where,
                        todo=Text("choose another folder with --out", "请用 --out 指定别的目录"),
                    ) from None

    def add(self, done: Round) -> None:
        """Put a round on the disk."""
        line = to_json(done, indent=None).encode("utf-8", "surrogatepass") + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                written = file.write(line)
                if written != len(line):
                    raise OSError(f"only {written} of {len(line)} bytes were written")
                os.fsync(file.fileno())
        except OSError as problem:
            raise cannot_write(self.path, problem) from problem

    def _mend(self) -> None:
        """Cut the line off that a killed writer left unfinished."""
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)


def _round(value: Mapping[str, Any], number: int) -> Round:
    if value["number"] != number:
        raise ValueError(f"round {value['number']} stands where {number} should")
    return Round(
        number,
        tuple(_RECORD.validate_python(one) for one in value["rows"]),
        tuple(_REJECTED.validate_python(one) for one in value["rejected"]),
        tuple(value["instructions"]),
        value["finished"],
    )
