"""Split rows into train, dev and test so that copies and groups stay together and nothing moves when rows are added."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from taskfit.app.data.out import MadeOf, Rewritten, write_version
from taskfit.core.errors import UsageError
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.data.read import ListedRow
from taskfit.data.read_records import read_records
from taskfit.data.record import Record
from taskfit.data.stable_split import Sides, stable_sides
from taskfit.data.write import SUFFIXES

SIDES = ("train", "dev", "test")


class SplitSettings(Settings):
    """How rows are divided, and where the parts go."""

    about: ClassVar[Text] = Text(
        "split rows into train, dev and test: copies and groups stay together, and nothing moves when rows are added",
        "划分训练、开发、测试集：重复与同组的行不分开，新增行时原有划分不变",
    )
    out: str | None = setting(
        None, "folder for train, dev and test; left out: FILE-split", "输出目录；不填则为 文件名-split"
    )
    dev: float = setting(0.1, "share of the rows in dev", "开发集比例", ge=0, lt=1)
    test: float = setting(0.1, "share of the rows in test", "测试集比例", ge=0, lt=1)
    seed: int = setting(0, "seed of the split", "划分种子", ge=0)
    before: str | None = setting(
        None, "folder of an earlier split: its rows stay where they were", "先前划分的目录：其中的行保持原侧"
    )
    to: str | None = setting(
        None, "row format of the parts; left out: that of the file", "输出的行格式；不填则与原文件相同"
    )
    suffix: str | None = setting(
        None,
        "ending of the files: .jsonl, .csv ...; left out: that of the file",
        "输出文件后缀，如 .jsonl、.csv；不填则与原文件相同",
    )
    shape: str | None = setting(None, "row format of the file; left out: recognised", "原文件的行格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the file", "文件编码")


@dataclass(frozen=True)
class Divided:
    """The rows on each side, the groups with more than one row, the labels of each side, and what was written."""

    rows: Mapping[str, int]
    groups: int
    labels: Mapping[str, Counter[str]]
    remarks: tuple[Text, ...]
    listed: tuple[ListedRow, ...]
    written: Mapping[str, Rewritten]


def split(file: str, settings: SplitSettings) -> Divided:
    """Divide the rows of a file and write the parts; raise UsageError when the shares leave nothing for train."""
    shares = {"train": 1 - settings.dev - settings.test, "dev": settings.dev, "test": settings.test}
    if shares["train"] <= 0:
        raise UsageError(
            Text("dev and test together leave no rows for train", "dev 与 test 合计没有给训练集留下行"),
            where="--dev",
            todo=Text("their shares must add up to less than 1", "两者之和必须小于 1"),
        )
    shares = {side: share for side, share in shares.items() if share}
    reading = read_records(file, settings.shape, settings.map, settings.encoding)
    before = _before(settings)
    sides = stable_sides(reading.records, shares, seed=settings.seed, before=before)
    parts = {side: _of(reading.records, sides, side) for side in shares}
    form = settings.to or reading.facts.shape
    folder = Path(settings.out or f"{Path(file).stem}-split")
    ending = settings.suffix or (suffix if (suffix := Path(file).suffix.lower()) in SUFFIXES else ".jsonl")
    written = {}
    for side, records in parts.items():
        path = folder / f"{side}{ending}"
        step = {"split": {"side": side, "shares": shares, "seed": settings.seed}}
        counts = {"read": reading.facts.rows, "listed": len(reading.listed), "kept": len(records)}
        written[side] = write_version(path, records, form, MadeOf(file, step, counts))
    sizes = Counter(sides.groups)
    return Divided(
        {side: len(records) for side, records in parts.items()},
        sum(size > 1 for size in sizes.values()),
        {side: Counter(one.label for one in records if one.label is not None) for side, records in parts.items()},
        (*sides.remarks, *_uneven(parts, shares)),
        reading.listed,
        written,
    )


def _before(settings: SplitSettings) -> dict[str, str]:
    """Return the side of each row (by its hash) of an earlier split; in several, the later side counts."""
    if settings.before is None:
        return {}
    folder, known = Path(settings.before), dict[str, str]()
    found = [(side, folder / f"{side}{ending}") for side in SIDES for ending in SUFFIXES]
    found = [(side, path) for side, path in found if path.is_file()]
    if not found:
        raise UsageError(
            Text("no train, dev or test file is there", "目录中没有 train、dev、test 文件"), where=settings.before
        )
    for side, path in found:
        # A side may be empty: an earlier split with few rows.
        if path.stat().st_size:
            known |= {record.hash: side for record in read_records(path, encoding=settings.encoding).records}
    return known


def _of(records: Sequence[Record], sides: Sides, side: str) -> tuple[Record, ...]:
    return tuple(record for record, one in zip(records, sides.sides, strict=True) if one == side)


def _uneven(parts: Mapping[str, Sequence[Record]], shares: Mapping[str, float]) -> tuple[Text, ...]:
    """Return a remark on sides whose share is far off, which groups or few rows make."""
    total = sum(map(len, parts.values()))
    off = [
        f"{side} {len(parts[side]) / total:.1%} ({share:.0%})"
        for side, share in shares.items()
        if abs(len(parts[side]) / total - share) > 0.03
    ]
    if not off:
        return ()
    told = ", ".join(off)
    return (
        Text(
            f"shares are met on average only; here: {told}; another --seed, or fewer large groups, would be nearer",
            f"比例只在平均意义上成立；实际为：{told}；换 --seed 或减少大分组会更接近",
        ),
    )
