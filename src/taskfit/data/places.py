"""Where many rows stand and how they begin, held small: what a check needs to show the rows it found at the end."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from taskfit.data.finding import KEPT, Spot, excerpt
from taskfit.data.record import Record

WORDS = 60


@dataclass(frozen=True)
class Places:
    """File, line, id and first words of rows. A list of records is a hundred times larger."""

    files: tuple[str, ...]
    file: NDArray[np.int32]
    line: NDArray[np.int64]
    ids: bytes
    words: bytes
    ends: NDArray[np.int64]
    """Where the id and the words of each row end: [rows, 2]."""

    def __len__(self) -> int:
        return len(self.line)

    def spot(self, row: int) -> Spot:
        """Return one row as it is shown."""
        (start, begin), (end, stop) = self.ends[row - 1] if row else (0, 0), self.ends[row]
        place = f"{self.files[self.file[row]]}:{self.line[row]}"
        id, words = (one.decode("utf-8", "replace") for one in (self.ids[start:end], self.words[begin:stop]))
        return Spot(place, words, id or place)

    def spots(self, rows: Iterable[int], most: int = KEPT) -> tuple[Spot, ...]:
        """Return the first of these rows as they are shown."""
        return tuple(self.spot(int(row)) for row, _ in zip(rows, range(most), strict=False))

    def ids_of(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the ids of these rows."""
        return tuple(self.spot(int(row)).id for row in rows)


def places_of(records: Sequence[Record]) -> Places:
    """Return where the rows stand."""
    files = {file: number for number, file in enumerate(dict.fromkeys(one.origin.file for one in records))}
    # An id that says no more than the place is not kept.
    ids = ["" if one.id == str(one.origin) else one.id for one in records]
    words = [excerpt(one.prompt, most=WORDS) for one in records]
    some = [[text.encode("utf-8", "replace") for text in texts] for texts in (ids, words)]
    return Places(
        tuple(files),
        np.array([files[one.origin.file] for one in records], np.int32),
        np.array([one.origin.line for one in records], np.int64),
        b"".join(some[0]),
        b"".join(some[1]),
        np.array([list(accumulate(map(len, one))) for one in some], np.int64).reshape(2, -1).T,
    )


def joined_places(pieces: Sequence[Places]) -> Places:
    """Return the places of all pieces, in order."""
    files = {file: number for number, file in enumerate(dict.fromkeys(chain(*(one.files for one in pieces))))}
    return Places(
        tuple(files),
        np.concatenate([_numbers(one, files)[one.file] for one in pieces] or [np.zeros(0, np.int32)]),
        np.concatenate([one.line for one in pieces] or [np.zeros(0, np.int64)]),
        b"".join(one.ids for one in pieces),
        b"".join(one.words for one in pieces),
        np.concatenate(list(_ends(pieces)) or [np.zeros((0, 2), np.int64)]),
    )


def _numbers(one: Places, files: dict[str, int]) -> NDArray[np.int32]:
    return np.array([files[file] for file in one.files], np.int32)


def _ends(pieces: Sequence[Places]) -> Iterator[NDArray[np.int64]]:
    before = np.zeros(2, np.int64)
    for one in pieces:
        yield one.ends + before
        before = before + np.array([len(one.ids), len(one.words)])
