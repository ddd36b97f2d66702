"""Many short rows made from real ones, with planted near copies whose exact similarity is known."""

import csv
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

from common import HERE

GRAM, SIMILAR = 5, 0.8
PLANTED = 0.05


def shared_data() -> Path:
    """Return the folder of real rows: TASKFIT_TEST_DATA, else the shared rows beside the repository."""
    path = Path(os.environ.get("TASKFIT_TEST_DATA") or HERE.parents[1] / "shared" / "data")
    if not path.is_dir():
        raise SystemExit(f"No real rows at {path}: set TASKFIT_TEST_DATA to a folder that has them.")
    return path


def real_rows(data: Path) -> dict[str, list[str]]:
    """Return short real texts, English and Chinese, of at least twelve characters."""
    found: dict[str, list[str]] = {"en": [], "zh": []}
    for name in ("train", "test"):
        with (data / "banking77" / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            found["en"] += [row["text"] for row in csv.DictReader(lines)]
    for file, encoding in (("sst/stsa.binary.train", "utf-8"), ("trec/TREC.train.all", "latin-1")):
        found["en"] += [line[2:] for line in (data / file).read_text(encoding=encoding).splitlines()]
    with (data / "waimai_10k" / "waimai_10k.csv").open(encoding="utf-8", newline="") as lines:
        found["zh"] += [row["review"] for row in csv.DictReader(lines)]
    news = (data / "thucnews_20k" / "dev.txt").read_text(encoding="utf-8").splitlines()
    found["zh"] += [line.split("\t")[0] for line in news]
    return {name: [" ".join(text.split()) for text in texts if len(text) >= 12] for name, texts in found.items()}


def write_rows(file: Path, count: int, *, seed: int) -> None:
    """Write `count` rows, one JSON object a line: `text`, and `of`, the number of the row it is a planted copy of."""
    draw, real = random.Random(seed), real_rows(shared_data())
    texts: list[str] = []
    with file.open("w", encoding="utf-8") as out:
        for number in range(count):
            of = draw.randrange(number) if number > 100 and draw.random() < PLANTED else None
            text = _edited(draw, texts[of]) if of is not None else _fresh(draw, real)
            texts.append(text)
            out.write(json.dumps({"text": text, "of": of}, ensure_ascii=False) + "\n")


def read_texts(file: Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the texts, and the planted pairs (copy, original)."""
    texts, pairs = [], []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            texts.append(row["text"])
            if row["of"] is not None:
                pairs.append((number, row["of"]))
    return texts, pairs


def grams_of(text: str) -> set[str]:
    """Return the character 5-grams of a text in normal form."""
    return {text[at : at + GRAM] for at in range(len(text) - GRAM + 1)}


def jaccard(one: set[str], other: set[str]) -> float:
    """Return the similarity of two sets."""
    return len(one & other) / len(one | other) if one or other else 0.0


def brute_force(forms: list[str]) -> Iterator[tuple[int, int]]:
    """Yield all pairs of texts that are at least 0.8 similar, by comparing each with each that shares a gram."""
    sets = [grams_of(form) for form in forms]
    holding: dict[str, list[int]] = {}
    for place, grams in enumerate(sets):
        common: dict[int, int] = {}
        for gram in grams:
            for other in holding.setdefault(gram, []):
                common[other] = common.get(other, 0) + 1
            holding[gram].append(place)
        for other, count in common.items():
            if count / (len(grams) + len(sets[other]) - count) >= SIMILAR:
                yield other, place


def _fresh(draw: random.Random, real: dict[str, list[str]]) -> str:
    """The head of one real row and the tail of another of its language: a text of its own."""
    some = real[draw.choice(("en", "zh"))]
    one, other = draw.choice(some), draw.choice(some)
    return one[: len(one) // 2 + draw.randrange(4)] + other[len(other) // 2 :]


def _edited(draw: random.Random, text: str) -> str:
    """A character changed, taken away or put in; in longer texts sometimes two."""
    for _ in range(1 + (len(text) > 60 and draw.random() < 0.5)):
        at = draw.randrange(len(text))
        text = text[:at] + draw.choice(("", "x", text[at] + "好")) + text[at + 1 :]
    return text
