"""MinHash (Broder 1997): short keys of gram sets that are equal the more often, the more two sets have in common.

16 bands of 5 minima: two sets with Jaccard similarity s have a key in common with probability 1 - (1 - s^5)^16,
which is 0.998 at 0.8 and 0.005 at 0.2.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from taskfit.data.grams import Grams, Hashes, Numbers

BANDS, PER_BAND = 16, 5
# So many hashes at once stay in the second cache of a core.
BLOCK = 1 << 15


def band_keys(grams: Grams, rows: Numbers, *, threads: int = 1) -> NDArray[np.uint32]:
    """Return the keys of the texts with the numbers `rows` (each has grams), one line per band: [BANDS, rows]."""
    keys = np.zeros((BANDS, len(rows)), np.uint32)
    starts, sizes = grams.starts, grams.sizes
    order = rows[np.argsort(sizes[rows], kind="stable")]
    place = np.empty(int(rows.max()) + 1 if len(rows) else 0, np.int64)
    place[rows] = np.arange(len(rows))

    def fill(some: Numbers) -> None:
        table = _table(grams.hashes, starts[some], sizes[some])
        keys[:, place[some]] = _keys(table)

    blocks = _blocks(order, sizes[order])
    if threads == 1:
        for some in blocks:
            fill(some)
    else:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(fill, blocks):
                pass
    return keys


def _blocks(order: Numbers, sizes: Numbers) -> Iterator[Numbers]:
    """Yield the rows, which are sorted by size, in blocks of about equal work."""
    start = 0
    while start < len(order):
        count = max(1, BLOCK // int(sizes[start]))
        # The last row of a block is its longest, and all are filled up to it.
        count = max(1, min(count, BLOCK // int(sizes[min(start + count, len(order)) - 1])))
        yield order[start : start + count]
        start += count


def _table(hashes: Hashes, starts: Numbers, sizes: Numbers) -> Hashes:
    """Return the grams as a table [longest, rows]; short rows are filled with their first gram, which changes no minimum."""
    steps = np.arange(int(sizes.max()))[:, None]
    table: Hashes = hashes[starts + np.where(steps < sizes, steps, 0)]
    return table


def _keys(table: Hashes) -> NDArray[np.uint32]:
    keys = np.empty((BANDS, table.shape[1]), np.uint32)
    mixed = np.empty_like(table)
    # An odd factor permutes the 32-bit numbers.
    factors = np.random.default_rng(20_240_229).integers(0, 2**31, (BANDS, PER_BAND), dtype=np.uint32) * np.uint32(2)
    for band, line in enumerate(factors + np.uint32(1)):
        key = np.zeros(table.shape[1], np.uint64)
        for factor in line:
            np.multiply(table, factor, out=mixed)
            key = (key ^ np.minimum.reduce(mixed, axis=0)) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
        keys[band] = key >> np.uint64(32)
    return keys
