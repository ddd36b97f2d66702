"""Mutated files through every reader of rows: none may end with a traceback, none may lose a row in silence.

    python benchmarks/fuzz_readers.py --files 10000

Seeded: the same seed makes the same files. A failure is printed with its seed and its bytes.
"""

import argparse
import copy
import json
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskfit.core.errors import TaskfitError
from taskfit.data.beside import fields_of
from taskfit.data.read import FORMATS, read_rows
from taskfit.data.read_records import Way, read_records, stream_records
from taskfit.data.shape import SHAPES, shape_named
from taskfit.data.write import SUFFIXES, row_writer
from taskfit.data.wrong import Wrong

ODD_BYTES = (
    *(b"\0", b"\xff", b"\xef\xbb\xbf", b"\r", b"\r\n", b'"', b"'", b",", b"\t", b"{", b"[", b"}", b"]", b":", b"\\"),
    *(b"\\ud800", b"NaN", b"-Infinity", b"1e999", b"null", b"true", b"9" * 400, b"[" * 3000, b'{"a":' * 1500),
    *("文本".encode("gb18030"), "é".encode("latin-1"), "\u2028".encode(), b"\x1a", b"# ", b"<<<<<<< HEAD\n", b"PAR1"),
)
ODD_VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1.5,
        10**30,
        "",
        " ",
        "-1",
        "null",
        "None",
        "<noinput>",
        "[",
        "{}",
        "[]",
        "[[]]",
        "\x00",
    ),
    *([], {}, [[]], [{}], [None], [1], ["a"], {"a": 1}, [["a", "b"]], [["a"]], {"role": "user"}, "\ud800", "\u202e"),
    *([{"role": "user", "content": None}], [{"role": "x", "content": "y"}], [{"from": "gpt", "value": 3}]),
    *([{"type": "image_url"}], {"text": [], "answer_start": [1]}, {"en": "a"}, [{"start": 5, "end": 2, "label": "A"}]),
    *("<think>", "</think>a", "[{", '[{"role": "user"}]', "a" * 5000, "一" * 3000),
)
TEXTS = (
    "good\tpos\nbad\tneg\ngood\tpos\nbad\tneg\n",
    "a paragraph\n\nanother one\n",
    "Ada B-PER\nlives O\n\nBath B-LOC\n",
)


@dataclass(frozen=True)
class Failure:
    """A file that ended with a traceback, or of which a row is missing."""

    seed: int
    content: bytes
    trace: str


def seeds_of(shape: str) -> list[dict[str, Any]]:
    row = json.loads(json.dumps(shape_named(shape).ROW))
    return [copy.deepcopy(row) for _ in range(3)]


def mutated(dice: random.Random, folder: Path) -> Path:
    """Write one mutated file; return where it is."""
    rows = seeds_of(dice.choice(SHAPES.names()))
    for _ in range(dice.randrange(3)):
        change_structure(dice, rows)
    suffix = dice.choice((*SUFFIXES[:4], ".jsonl", ".txt", ".parquet"))
    content = bytearray(written(dice, rows, suffix, folder))
    if suffix != ".parquet" or dice.random() < 0.3:
        for _ in range(dice.randrange(4)):
            change_bytes(dice, content)
    path = folder / f"rows{suffix}"
    path.write_bytes(bytes(content))
    return path


def change_structure(dice: random.Random, rows: list[Any]) -> None:
    place = dice.randrange(len(rows))
    if dice.random() < 0.1:
        rows[place] = copy.deepcopy(dice.choice(ODD_VALUES))
        return
    spots = [spot for row in rows for spot in spots_in(row)]
    if not spots:
        return
    holder, key = dice.choice(spots)
    kind = dice.randrange(5)
    if kind == 0 and isinstance(holder, dict):
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[dice.choice(("text", "label", "prompt", "messages", "x", "", "id", "group"))] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(dice.choice(ODD_VALUES))


def spots_in(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key in list(value):
            yield value, key
            yield from spots_in(value[key])
    elif isinstance(value, list):
        for place in range(len(value)):
            yield value, place
            yield from spots_in(value[place])


def written(dice: random.Random, rows: list[Any], suffix: str, folder: Path) -> bytes:
    if suffix == ".txt":
        return dice.choice(TEXTS).encode()
    if suffix in (".json", ".jsonl"):
        texts = [json.dumps(row, ensure_ascii=dice.random() < 0.5, indent=dice.choice((None, None, 1))) for row in rows]
        whole = "\n".join(texts) if suffix == ".jsonl" else "[" + ",".join(texts) + "]"
        return whole.encode("utf-8", "surrogatepass")
    path = folder / f"seed{suffix}"
    with row_writer(path) as out:
        for row in rows:
            if isinstance(row, dict):
                try:
                    out.write(out.cells(row))
                except Wrong:
                    continue
        if not any(isinstance(row, dict) for row in rows):
            out.write(out.cells({"text": "a"}))
    return path.read_bytes()


def change_bytes(dice: random.Random, content: bytearray) -> None:
    start = dice.randrange(len(content) + 1)
    end = min(len(content), start + dice.choice((1, 1, 2, 5, 20)))
    kind = dice.randrange(6)
    if kind == 0:
        del content[start:end]
    elif kind == 1:
        content[start:start] = dice.choice(ODD_BYTES)
    elif kind == 2:
        content[start:end] = dice.choice(ODD_BYTES)
    elif kind == 3:
        del content[start:]
    elif kind == 4:
        content[start:start] = content[start:end] * dice.randrange(1, 4)
    elif content:
        content[start % len(content)] ^= 1 << dice.randrange(8)


def read_all(dice: random.Random, path: Path) -> Counter[str]:
    """Read a file in every way; return what came of it. Raises whatever is no error of ours."""
    ends: Counter[str] = Counter()
    for way in (
        lambda: _records(dice, path, None),
        lambda: _records(dice, path, dice.choice(SHAPES.names())),
        lambda: _streamed(path),
        lambda: _format(dice, path),
        lambda: len(read_rows(path, plain=dice.random() < 0.5).examples),
    ):
        ends[_end(way)] += 1
    return ends


def _end(way: Callable[[], object]) -> str:
    refused: TaskfitError | None = None
    try:
        way()
    except TaskfitError as problem:
        refused = problem
    if refused is None:
        return "read"
    assert refused.findings
    assert all(one.what.en and one.what.zh for one in refused.findings)
    return type(refused).__name__


def _records(dice: random.Random, path: Path, shape: str | None) -> None:
    reading = read_records(path, shape)
    assert len(reading.records) + len(reading.listed) == reading.facts.rows
    assert all(row.reason.en and row.reason.zh for row in reading.listed)
    target = shape_named(dice.choice(SHAPES.names()))
    for record in reading.records:
        assert record.hash
        try:
            fields_of(record, target)
        except Wrong:
            continue


def _streamed(path: Path) -> None:
    chunks = list(stream_records(path, way=Way(large=0, rows=2)))
    assert all(len(chunk.records) + len(chunk.listed) <= 2 for chunk in chunks)


def _format(dice: random.Random, path: Path) -> None:
    name = dice.choice([one for one in FORMATS.names() if (one == "parquet") == (path.suffix == ".parquet")])
    read_records(path, dice.choice(SHAPES.names()), way=Way(format=name))


def fuzz(files: int, seed: int = 0) -> tuple[Counter[str], list[Failure]]:
    """Mutate and read so many files; return how the readings ended, and the failures."""
    ends: Counter[str] = Counter()
    failures: list[Failure] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(files):
            dice = random.Random(f"{seed}:{number}")
            path = mutated(dice, Path(folder))
            try:
                ends += read_all(dice, path)
            except Exception:  # noqa: BLE001  (whatever it is: it is the finding)
                failures.append(Failure(number, path.read_bytes(), traceback.format_exc()))
            path.unlink()
    return ends, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begun, cpu = time.perf_counter(), time.process_time()
    ends, failures = fuzz(asked.files, asked.seed)
    for failure in failures[:10]:
        print(f"--- file {failure.seed}: {failure.content[:300]!r}\n{failure.trace}")
    spent = f"{time.perf_counter() - begun:.0f} s, {time.process_time() - cpu:.0f} CPU s"
    print(f"{asked.files} files, {sum(ends.values())} readings: {dict(ends)}; {len(failures)} failures; {spent}")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
