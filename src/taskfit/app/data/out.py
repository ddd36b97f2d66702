"""A new version of a data set on disk: its rows, the manifest that says what they were made of, the ledger of changes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit.core.files import sha256, write_lines
from taskfit.core.text import Text
from taskfit.data.beside import fields_of, read_back
from taskfit.data.compare import missing
from taskfit.data.manifest import Manifest, dataset_hash, parent_of, write_manifest
from taskfit.data.record import Record
from taskfit.data.shape import shape_named
from taskfit.data.step import Entry
from taskfit.data.write import row_writer
from taskfit.data.wrong import Wrong

LEDGER = ".ledger.jsonl"


@dataclass(frozen=True)
class MadeOf:
    """What a version was made of: a file (by its hash), by which step, with which counts and ledger entries."""

    file: str
    step: Mapping[str, Any]
    rows: Mapping[str, int]
    ledger: Iterable[tuple[str, Entry]] = ()


@dataclass(frozen=True)
class Rewritten:
    """What was written, and what could not be: rows that the format cannot hold, and fields that were left away."""

    path: Path
    manifest: Path
    ledger: Path | None
    rows: int
    unwritten: tuple[Entry, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)


def write_version(path: Path, records: Sequence[Record], shape: str, made_of: MadeOf) -> Rewritten:
    """Write the rows, then the ledger, then the manifest; each whole or not at all.

    Rows that the format cannot hold are not written but stand in the ledger. Raises UsageError for an unknown
    ending or format, DiskError when it cannot be written.
    """
    form = shape_named(shape)
    unwritten: list[Entry] = []
    lost: Counter[str] = Counter()
    hashes: list[str] = []
    with row_writer(path) as out:
        for record in records:
            try:
                cells = out.cells(fields_of(record, form))
                again = read_back(cells, form, record.origin)
            except Wrong as wrong:
                unwritten.append(Entry(record.id, str(record.origin), "dropped", wrong.reason))
                continue
            out.write(cells)
            hashes.append(again.hash)
            lost.update(missing(record, again))
    told = [*made_of.ledger, *(("write", entry) for entry in unwritten)]
    ledger = path.with_name(path.name + LEDGER) if told else None
    if ledger is not None:
        write_lines(ledger, [_line(name, entry) for name, entry in told])
    rows = {**made_of.rows, "written": len(hashes), "unwritten": len(unwritten)}
    parent = parent_of(Path(made_of.file), sha256(Path(made_of.file)))
    manifest = Manifest(path.name, out.sha256, dataset_hash(hashes), shape, rows, dict(lost), parent, made_of.step)
    return Rewritten(path, write_manifest(path, manifest), ledger, len(hashes), tuple(unwritten), dict(lost))


def _line(step: str, entry: Entry) -> dict[str, object]:
    return {
        "step": step,
        "id": entry.id,
        "place": entry.place,
        "what": entry.what,
        "reason": _both(entry.reason),
        "before": entry.before,
        "after": entry.after,
    }


def _both(sentence: Text) -> dict[str, str]:
    return {"en": sentence.en, "zh": sentence.zh}
