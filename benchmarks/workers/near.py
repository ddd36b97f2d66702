"""One process that finds the near copies among rows, by taskfit, datasketch or rensa; says how long and what it found."""

import argparse
import itertools
import random
import time
from collections.abc import Callable
from pathlib import Path

from common import say_result
from near_rows import SIMILAR, brute_force, grams_of, jaccard, read_texts

SAMPLE = 20_000


class Sets:
    """Disjoint sets of numbers."""

    def __init__(self, size: int):
        self.parents = list(range(size))

    def root(self, number: int) -> int:
        while self.parents[number] != number:
            self.parents[number] = self.parents[self.parents[number]]
            number = self.parents[number]
        return number

    def join(self, one: int, other: int) -> None:
        self.parents[self.root(other)] = self.root(one)


def by_taskfit(texts: list[str]) -> list[int]:
    """Find them as the doctor does."""
    from taskfit.data.grams import gram_sets, telling
    from taskfit.data.near import clusters
    from taskfit.data.normal import normals

    return clusters(telling(gram_sets(list(normals(texts)))), threads=2).tolist()


def by_datasketch(texts: list[str]) -> list[int]:
    """Find them with MinHash LSH at its own best bands for 0.8; candidates are proved on the sets of grams."""
    from datasketch import MinHash, MinHashLSH

    sets = [grams_of("".join(filter(str.isalnum, text.casefold()))) for text in texts]
    index, found = MinHashLSH(threshold=SIMILAR, num_perm=128), Sets(len(texts))
    prints = MinHash.generator([[gram.encode() for gram in grams] for grams in sets], num_perm=128, seed=1)
    for number, one in enumerate(prints):
        for other in index.query(one):
            if found.root(other) != found.root(number) and jaccard(sets[other], sets[number]) >= SIMILAR:
                found.join(other, number)
        index.insert(number, one)
    return [found.root(number) for number in range(len(texts))]


def by_rensa(texts: list[str]) -> list[int]:
    """The same with rensa's MinHash and LSH."""
    from rensa import RMinHash, RMinHashLSH

    sets = [grams_of("".join(filter(str.isalnum, text.casefold()))) for text in texts]
    index, found = RMinHashLSH(threshold=SIMILAR, num_perm=128, num_bands=16), Sets(len(texts))
    for number, grams in enumerate(sets):
        one = RMinHash(num_perm=128, seed=42)
        one.update(list(grams))
        for other in index.query(one):
            if found.root(other) != found.root(number) and jaccard(sets[other], sets[number]) >= SIMILAR:
                found.join(other, number)
        index.insert(number, one)
    return [found.root(number) for number in range(len(texts))]


WAYS: dict[str, Callable[[list[str]], list[int]]] = {
    "taskfit": by_taskfit,
    "datasketch": by_datasketch,
    "rensa": by_rensa,
}


def recalls(texts: list[str], pairs: list[tuple[int, int]], labels: list[int]) -> dict[str, object]:
    """Return how many of the planted pairs at 0.8 or above were found, and of all pairs in a sample."""
    plain = ["".join(filter(str.isalnum, text.casefold())) for text in texts]
    wanted = [
        (copy, of)
        for copy, of in pairs
        if min(len(plain[copy]), len(plain[of])) >= 10
        and jaccard(grams_of(plain[copy]), grams_of(plain[of])) >= SIMILAR
    ]
    kinds = {"en": [pair for pair in wanted if texts[pair[1]].isascii()]}
    kinds["zh"] = [pair for pair in wanted if not texts[pair[1]].isascii()]
    planted = {
        kind: [len(some), sum(labels[one] == labels[other] for one, other in some)] for kind, some in kinds.items()
    }
    sample = random.Random(1).sample(range(len(texts)), min(SAMPLE, len(texts)) // 2)
    sample = list(
        dict.fromkeys(
            itertools.chain(
                sample, (of for copy, of in pairs[: SAMPLE // 4]), (copy for copy, _ in pairs[: SAMPLE // 4])
            )
        )
    )
    near = [
        (one, other)
        for one, other in brute_force([plain[place] for place in sample])
        if min(len(plain[sample[one]]), len(plain[sample[other]])) >= 10
    ]
    hit = sum(labels[sample[one]] == labels[sample[other]] for one, other in near)
    return {"planted": planted, "brute": [len(near), hit], "clusters": len(set(labels))}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--way", choices=sorted(WAYS), required=True)
    parser.add_argument("--judge", action="store_true")
    chosen = parser.parse_args()
    texts, pairs = read_texts(chosen.rows)
    wall, cpu = time.perf_counter(), time.process_time()
    labels = WAYS[chosen.way](texts)
    facts: dict[str, object] = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "peak": _peak()}
    if chosen.judge:
        facts |= recalls(texts, pairs, labels)
    say_result({"rows": len(texts), **facts})


def _peak() -> int:
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
