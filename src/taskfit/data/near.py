"""Near duplicates among many texts: candidates by MinHash, each proved by the Jaccard similarity of its 5-grams.

Nothing here is a loop over rows or pairs, so that a million short rows take seconds.
"""

import numpy as np
from numpy.typing import NDArray

from taskfit.data.grams import Grams, Numbers
from taskfit.data.minhash import BANDS, band_keys

SIMILAR = 0.8
# In a crowd of texts with one key, each is compared with so many after it: a set is wanted, not all its pairs.
REACH = 24
_AT_ONCE = 1 << 21

Mask = NDArray[np.bool_]


def clusters(grams: Grams, *, similar: float = SIMILAR, threads: int = 1) -> Numbers:
    """Return for each text the number of the first text of its cluster; its own number when it is alone.

    Two texts are of one cluster when a chain of texts leads from one to the other, each at least `similar` to the
    next. Of pairs at 0.8 one in 500 is missed.
    """
    labels = np.arange(len(grams.sizes))
    rows = np.flatnonzero(grams.sizes)
    if len(rows) < 2:
        return labels
    keys = band_keys(grams, rows, threads=threads)
    starts, small = grams.starts, np.zeros((BANDS, len(rows)), bool)
    for band in range(BANDS):
        order, reach = _crowds(keys, band, small)
        for near, far in ((1, 2), (2, REACH + 1)):
            pairs = [
                _fresh(order[:-step][fit], order[step:][fit], keys, band, small)
                for step in range(near, min(far, len(order)))
                if (fit := reach[:-step] >= step).any()
            ]
            if not pairs:
                break
            one, other = rows[np.concatenate(pairs, axis=1)]
            apart = labels[one] != labels[other]
            one, other = _of_like_size(grams, one[apart], other[apart], similar)
            same = jaccard(grams, one, other, starts=starts) >= similar
            labels = united(labels, one[same], other[same])
    return labels


def jaccard(grams: Grams, one: Numbers, other: Numbers, *, starts: Numbers | None = None) -> NDArray[np.float64]:
    """Return the similarity of each pair of texts: common grams over all grams; 0 when a text has none.

    Exact for whole sets; of cut ones it is estimated from the smallest hashes of both together.
    """
    starts = grams.starts if starts is None else starts
    found = np.zeros(len(one))
    work = np.cumsum(grams.sizes[one] + grams.sizes[other])
    start = 0
    while start < len(one):
        before = int(work[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(work, before + _AT_ONCE)))
        found[start:end] = _jaccard(grams, one[start:end], other[start:end], starts)
        start = end
    return found


def united(labels: Numbers, one: Numbers, other: Numbers) -> Numbers:
    """Return `labels` (each the smallest number of its set) after the sets of all pairs were made one."""
    while True:
        here, there = labels[one], labels[other]
        apart = here != there
        if not apart.any():
            return labels
        one, other, here, there = one[apart], other[apart], here[apart], there[apart]
        labels = labels.copy()
        np.minimum.at(labels, np.maximum(here, there), np.minimum(here, there))
        while True:
            above = labels[labels]
            if (above == labels).all():
                break
            labels = above


def nearest(
    grams: Grams, known: Grams, *, similar: float = SIMILAR, threads: int = 1
) -> tuple[Numbers, NDArray[np.float64]]:
    """Return for each text a text of `known` that is at least `similar` to it (-1: there is none), and how similar."""
    best, how = np.full(len(grams.sizes), -1), np.zeros(len(grams.sizes))
    rows, others = np.flatnonzero(grams.sizes), np.flatnonzero(known.sizes)
    if not len(rows) or not len(others):
        return best, how
    both = Grams(
        np.concatenate((known.hashes, grams.hashes)),
        np.concatenate((known.sizes, grams.sizes)),
        np.concatenate((known.cut, grams.cut)),
    )
    moved = len(known.sizes)
    ours, theirs = band_keys(grams, rows, threads=threads), band_keys(known, others, threads=threads)
    starts = both.starts
    for band in range(BANDS):
        order = np.argsort(theirs[band], kind="stable")
        found = theirs[band][order]
        low, high = (np.searchsorted(found, ours[band], side=side) for side in ("left", "right"))
        steps = np.minimum(high - low, REACH)
        at = np.repeat(np.arange(len(rows)), steps)
        there = low[at] + np.arange(len(at)) - np.repeat(np.cumsum(steps) - steps, steps)
        mine, other = _of_like_size(both, rows[at] + moved, others[order[there]], similar)
        score = jaccard(both, mine, other, starts=starts)
        # Later writes win: the most similar one is written last, of equal ones the first of `known`.
        for_last = np.lexsort((-other, score))
        mine, other, score = mine[for_last] - moved, other[for_last], score[for_last]
        better = (score >= similar) & (score > how[mine])
        best[mine[better]], how[mine[better]] = other[better], score[better]
    return best, how


def _crowds(keys: NDArray[np.uint32], band: int, small: Mask) -> tuple[Numbers, Numbers]:
    """Return the rows in the order of their keys, and how many rows after each have its key (at most REACH).

    The next band orders the rows of one key, so that the most similar ones stand side by side. `small` notes which
    rows are in a crowd all of whose pairs are compared.
    """
    wide = keys[band].astype(np.uint64) << np.uint64(32) | keys[(band + 1) % BANDS]
    order = np.argsort(wide, kind="stable")
    found = keys[band][order]
    last = np.append(np.flatnonzero(found[1:] != found[:-1]), len(found) - 1)
    sizes = np.diff(last, prepend=-1)
    small[band, order] = np.repeat(sizes <= REACH + 1, sizes)
    return order, np.minimum(np.repeat(last, sizes) - np.arange(len(found)), REACH)


def _fresh(one: Numbers, other: Numbers, keys: NDArray[np.uint32], band: int, small: Mask) -> Numbers:
    """Return the pairs [2, pairs] that no earlier band has compared."""
    new = np.ones(len(one), bool)
    for before in range(band):
        new &= ~((keys[before, one] == keys[before, other]) & small[before, one])
    return np.stack((one[new], other[new]))


def _of_like_size(grams: Grams, one: Numbers, other: Numbers, similar: float) -> tuple[Numbers, Numbers]:
    """Leave out pairs whose sizes alone say that they are not similar."""
    here, there = grams.sizes[one], grams.sizes[other]
    like = (np.minimum(here, there) >= similar * np.maximum(here, there)) | grams.cut[one] | grams.cut[other]
    return one[like], other[like]


def _jaccard(grams: Grams, one: Numbers, other: Numbers, starts: Numbers) -> NDArray[np.float64]:
    here, there = grams.sizes[one], grams.sizes[other]
    keys = np.concatenate((_keyed(grams, one, starts), _keyed(grams, other, starts)))
    keys.sort()
    again = np.zeros(len(keys), bool)
    again[1:] = keys[1:] == keys[:-1]
    owner = (keys >> np.uint64(32)).astype(np.int64)
    either_cut = grams.cut[one] | grams.cut[other]
    if not either_cut.any():
        common = np.bincount(owner[again], minlength=len(one))
        shares: NDArray[np.float64] = common / np.maximum(here + there - common, 1)
        return shares
    # Of two samples only the smallest hashes of their union are a sample of it, as many as the smaller one has.
    most = np.minimum(np.where(grams.cut[one], here, len(keys)), np.where(grams.cut[other], there, len(keys)))
    rank = np.cumsum(~again)
    first = np.searchsorted(owner, np.arange(len(one)))
    rank -= (rank[np.minimum(first, len(keys) - 1)] - 1)[owner]
    within = rank <= most[owner]
    common = np.bincount(owner[again & within], minlength=len(one))
    sampled: NDArray[np.float64] = common / np.maximum(np.bincount(owner[~again & within], minlength=len(one)), 1)
    return sampled


def _keyed(grams: Grams, rows: Numbers, starts: Numbers) -> NDArray[np.uint64]:
    """Return the hashes of the texts with the numbers `rows`, each below the place of its text in `rows`."""
    sizes = grams.sizes[rows]
    at = np.repeat(starts[rows] - (np.cumsum(sizes) - sizes), sizes) + np.arange(int(sizes.sum()))
    place = np.repeat(np.arange(len(rows), dtype=np.uint64) << np.uint64(32), sizes)
    keyed: NDArray[np.uint64] = place | grams.hashes[at]
    return keyed
