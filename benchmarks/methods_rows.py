"""The rows of methods.py: parts of public data sets, drawn with a fixed seed and written as files that taskfit reads."""

import csv
import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forgetting import rows_of_novel

TEST = 200
LONGEST_TALK = 400  # characters of a question with its answer: longer ones are beyond small contexts


@dataclass(frozen=True)
class Rows:
    """A file to train on, a file of sealed test rows, and what a task file says of them."""

    train: Path
    test: Path
    count: int
    task: Mapping[str, Any]


def write_rows(data: Path, folder: Path, most: int) -> dict[str, Rows]:
    """Write all sets with at most `most` training rows each, and return them by name."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for name, (rows, task) in _sets(data).items():
        drawn = list(rows)
        random.Random(0).shuffle(drawn)
        test = drawn[: min(TEST, len(drawn) // 4)]
        train = drawn[len(test) : len(test) + most]
        files = [folder / f"{name}-{side}.jsonl" for side in ("train", "test")]
        for path, part in zip(files, (train, test), strict=True):
            path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in part), encoding="utf-8")
        made[name] = Rows(files[0], files[1], len(train), task)
    return made


def _sets(data: Path) -> dict[str, tuple[Iterable[Mapping[str, Any]], Mapping[str, Any]]]:
    poems = json.loads((data / "tang_poems" / "poetry_corpus.json").read_text(encoding="utf-8"))
    novel = rows_of_novel((data / "gatsby" / "gatsby.txt").read_text(encoding="utf-8"), 500)
    return {
        "waimai": (
            _waimai(data),
            {
                "kind": "classify",
                "instruction": "判断这条外卖评论是好评还是差评。只回答“好评”或“差评”。",
                "labels": {"1": "好评", "0": "差评"},
            },
        ),
        "trec": (_first_word(data / "trec" / "TREC.train.all"), {"kind": "classify", "labels": TREC}),
        "sst5": (_stars(data / "sst" / "stsa.fine.train"), {"kind": "regress"}),
        "code": (_code(data / "techdocs_bilingual" / "en"), {"kind": "tag"}),
        "alpaca": (_talks(data / "llamafactory_demo" / "alpaca_en_demo.json"), {"kind": "generate"}),
        "self": (_talks(data / "oasst_zh" / "self_cognition.json"), {"kind": "generate"}),
        "gatsby": ([{"text": text} for text in novel], {"kind": "generate"}),
        "poems": ([{"text": one["content"]} for one in poems if len(one["content"]) < 100], {"kind": "generate"}),
    }


TREC = {"0": "description", "1": "entity", "2": "abbreviation", "3": "person", "4": "place", "5": "number"}


def _waimai(data: Path) -> list[Mapping[str, Any]]:
    with (data / "waimai_10k" / "waimai_10k.csv").open(encoding="utf-8", newline="") as file:
        return [{"text": row["review"], "label": row["label"]} for row in csv.DictReader(file)]


def _first_word(path: Path) -> list[Mapping[str, Any]]:
    """Return rows of lines that begin with the label."""
    lines = [line.split(" ", 1) for line in path.read_text(encoding="latin-1").splitlines() if " " in line]
    return [{"text": text.strip(), "label": label} for label, text in lines]


def _stars(path: Path) -> list[Mapping[str, Any]]:
    return [{**row, "label": float(row["label"])} for row in _first_word(path)]


def _talks(path: Path) -> list[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return [row for row in rows if len(row["instruction"] + row["input"] + row["output"]) <= LONGEST_TALK]


def _code(folder: Path) -> list[Mapping[str, Any]]:
    """Return lines of technical documents; entities are what their authors marked as code."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.rglob("*.md")):
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for line in text.splitlines():
            line = line.strip(" -*")
            if 40 <= len(line) <= 300 and line[0].isalpha() and line.count("`") >= 2 and line.count("`") % 2 == 0:
                row = _marked(line)
                found.setdefault(row["text"], row)
    return list(found.values())


def _marked(line: str) -> Mapping[str, Any]:
    text, entities = "", []
    for place, part in enumerate(line.split("`")):
        if place % 2 and part.strip():
            entities.append({"start": len(text), "end": len(text) + len(part), "label": "CODE"})
        text += part
    return {"text": text, "entities": [one for one in entities if text[one["start"] : one["end"]].strip()]}
