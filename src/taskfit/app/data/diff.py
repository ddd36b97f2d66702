"""Two versions of a data set: the rows that differ, and what the doctor finds in each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from taskfit.app.data.check import CheckSettings, check
from taskfit.core.events import Emit, silent
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.data.finding import RowFinding
from taskfit.data.manifest import dataset_hash
from taskfit.data.read_records import read_records
from taskfit.data.record import Record
from taskfit.data.versions import Versions, compare


class DiffSettings(Settings):
    """What is compared."""

    about: ClassVar[Text] = Text("compare two versions of a data set", "比较数据集的两个版本")
    findings: bool = setting(True, "also compare what the doctor finds in each", "同时比较两版的检查结果")
    shape: str | None = setting(
        None, "row format of both files; left out: recognised", "两个文件的行格式；不填则自动识别"
    )
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the files", "文件编码")


@dataclass(frozen=True)
class Side:
    """One version: its rows by number, the name of the set of rows, and the findings by id."""

    file: str
    rows: int
    dataset: str
    findings: Mapping[str, RowFinding]


@dataclass(frozen=True)
class Diff:
    """Both versions, and what differs."""

    before: Side
    after: Side
    versions: Versions

    @property
    def finding_ids(self) -> tuple[str, ...]:
        """The ids of findings whose count differs, those that went first."""
        one, other = self.before.findings, self.after.findings
        ids = dict.fromkeys((*one, *other))
        differs = [id for id in ids if _count(one, id) != _count(other, id)]
        return tuple(sorted(differs, key=lambda id: _count(other, id) - _count(one, id)))


def diff(before: str, after: str, settings: DiffSettings, emit: Emit = silent) -> Diff:
    """Compare two files of rows; raise DataError when one of them cannot be read."""
    rows = [read_records(file, settings.shape, settings.map, settings.encoding).records for file in (before, after)]
    sides = [_side(file, some, settings, emit) for file, some in zip((before, after), rows, strict=True)]
    return Diff(sides[0], sides[1], compare(rows[0], rows[1]))


def _side(file: str, records: tuple[Record, ...], settings: DiffSettings, emit: Emit) -> Side:
    findings: tuple[RowFinding, ...] = ()
    if settings.findings:
        asked = CheckSettings(shape=settings.shape, map=settings.map, encoding=settings.encoding)
        findings = check((file,), asked, emit).findings
    return Side(file, len(records), dataset_hash(one.hash for one in records), {one.id: one for one in findings})


def _count(findings: Mapping[str, RowFinding], id: str) -> int:
    return findings[id].count if id in findings else 0
