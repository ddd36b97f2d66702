"""Review rows: which rows people should look at first, what they decide, on the disk before the next row."""

import getpass
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Literal

from taskfit.core.errors import DataError, Finding, UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text
from taskfit.data.check import IN_FULL, checks_of
from taskfit.data.decisions import Decision, What, add_decision, hash_of_asked, last_of, read_decisions, standing
from taskfit.data.read_records import read_records
from taskfit.data.record import Record
from taskfit.data.revise import choices_of, current, decided
from taskfit.data.wrong import Wrong
from taskfit.workshop.review import (
    Item,
    Reasons,
    conflicting,
    disagreeing,
    found_by_doctor,
    labels_of,
    low_scored,
    queue_of,
    suspected,
    undecided,
)
from taskfit.workshop.review_agreement import People, people_of
from taskfit.workshop.review_wrong import answered, wrongly_answered

ENDING = ".review.jsonl"
Queue = Literal["auto", "labels", "conflicts", "scores", "findings", "all"]
LOOKING = {
    "labels": Text("labels that may be wrong", "可能标错的标签"),
    "conflicts": Text("equal texts with other labels", "同文不同标签"),
    "scores": Text("low scores", "低分行"),
    "annotators": Text("annotators who disagree", "标注者意见不一"),
    "findings": Text("findings of the doctor", "数据检查的发现"),
    "run": Text("rows answered wrong", "答错的行"),
}


class ReviewSettings(Settings):
    """Which rows are looked at, by whom, and where the decisions go."""

    about: ClassVar[Text] = Text(
        "look at rows, those first where a look is likely to change something, and decide",
        "审阅数据：最可能需要改动的行排在最前，由人决定",
    )
    out: str | None = setting(
        None, "file of decisions; left out: NAME.review.jsonl here", "决定文件；不填则为当前目录的 名称.review.jsonl"
    )
    who: str | None = setting(None, "your name; left out: that of this account", "你的名字；不填则用当前账号名")
    queue: Queue = setting(
        "auto",
        "which rows: auto = whatever looks wrong, all = those first and then every other row",
        "审阅哪些行：auto 为一切可疑的行，all 为可疑行在前、其余在后",
    )
    run: str | None = setting(
        None, "also rows that a run answered wrong: runs/reviews-0001", "另加某次运行答错的行：runs/reviews-0001"
    )
    annotators: tuple[str, ...] = setting(
        (), "fields that hold the labels of further annotators", "存放其他标注者标签的字段"
    )
    labels: tuple[str, ...] = setting(
        (), "labels to choose from; left out: those of the rows", "可选标签；不填则取数据中的标签"
    )
    most: int = setting(100, "at most so many rows", "最多审阅多少行", ge=1)
    shape: str | None = setting(None, "row format of the file; left out: recognised", "文件的行格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the file", "文件编码")


@dataclass(frozen=True)
class Progress:
    """How far a person is: rows decided of all, by decision, and rows that are skipped."""

    done: int
    total: int
    counts: Mapping[str, int]


class Review:
    """The rows of a review, the queue, and what was decided so far; several threads may use one."""

    def __init__(self, path: Path, records: Sequence[Record], labels: Sequence[str]):
        self.path = path
        self.records = {one.id: one for one in records}
        self.labels = tuple(labels)
        self.items: tuple[Item, ...] = ()
        self.torn = False
        self._size = -1
        self._decisions: list[Decision] = []
        self._votes: dict[str, dict[str, Decision]] = {}
        self._lock = threading.RLock()
        self.refresh()

    def refresh(self) -> None:
        """Read the decisions again when somebody else has added some."""
        with self._lock:
            size = self.path.stat().st_size if self.path.exists() else 0
            if size != self._size:
                log = read_decisions(self.path)
                self.torn = self.torn or log.torn
                self._decisions, self._size = list(log.decisions), size
                self._votes = standing(log.decisions)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions, in the order in which they were made."""
        return tuple(self._decisions)

    @property
    def votes(self) -> Mapping[str, Mapping[str, Decision]]:
        """The decisions that stand, by row and person."""
        return self._votes

    def choices(self, record: Record) -> tuple[str, ...]:
        """Return the labels that a row may get."""
        return choices_of(record, self.labels)

    def decide(self, row: str, who: str, what: What, said: Mapping[str, str | None] | None = None) -> Decision:
        """Put a decision on the disk; `said` holds a label, an answer, a text, and via which way it came.

        Raises UsageError when there is no such row, or when it cannot be changed so.
        """
        with self._lock:
            record = self.records.get(row)
            if record is None:
                raise UsageError(Text(f"there is no row '{row}'", f"没有行 '{row}'"))
            now = {"place": str(record.origin), "was": current(record), "asks": hash_of_asked(record)}
            decision = Decision(row, what, who, **now, **(said or {}), time=round(time.time(), 3))  # type: ignore[arg-type]
            if what == "relabel" and decision.label == decision.was:
                decision = replace(decision, what="accept", label=None)
            self._check(record, decision)
            self._add(decision)
            return decision

    def undo(self, who: str) -> Decision | None:
        """Take back the last decision of a person and return it; None when there is none."""
        with self._lock:
            self.refresh()
            last = last_of(self._decisions, who)
            if last is not None:
                self._add(Decision(last.row, "undo", who, asks=last.asks, place=last.place, time=round(time.time(), 3)))
            return last

    def next_for(self, who: str, after: int = -1) -> int | None:
        """Return the place of the next row behind `after` that a person has not decided, from the start again at the end."""
        self.refresh()
        order = [*range(after + 1, len(self.items)), *range(min(after + 1, len(self.items)))]
        return next((at for at in order if who not in self._votes.get(self.items[at].record.id, {})), None)

    def decision_of(self, row: str, who: str) -> Decision | None:
        """Return what a person decided about a row."""
        return self._votes.get(row, {}).get(who)

    def progress(self, who: str) -> Progress:
        """Return how far a person is."""
        mine = [one for item in self.items if (one := self.decision_of(item.record.id, who)) is not None]
        return Progress(len(mine), len(self.items), Counter(one.what for one in mine))

    def people(self) -> People:
        """Return who decided how much, and how far people agree."""
        return people_of(self._votes)

    def _check(self, record: Record, decision: Decision) -> None:
        try:
            if decision.what == "relabel" and not (decision.label or "").strip():
                raise Wrong(Text("a label has no words", "标签为空"))
            for words in (decision.label, decision.answer, decision.text, decision.who):
                (words or "").encode("utf-8")
            decided(record, decision)
        except UnicodeEncodeError:
            raise UsageError(
                Text("half a character cannot be kept", "含有半个字符，无法保存"), where=record.id
            ) from None
        except Wrong as wrong:
            raise UsageError(wrong.reason, where=record.id) from None

    def _add(self, decision: Decision) -> None:
        add_decision(self.path, decision)
        self.refresh()


def open_review(file: str, settings: ReviewSettings, emit: Emit = silent) -> Review:
    """Read the rows of `file` and what was decided about them so far, and order those that should be looked at.

    Raises DataError when the file, the run or the decisions cannot be read.
    """
    reading = read_records(file, settings.shape, settings.map, settings.encoding)
    records = reading.records
    path = Path(settings.out) if settings.out is not None else Path(Path(file).stem + ENDING)
    if path.exists() and path.samefile(file):
        raise UsageError(
            Text("the decisions never replace the rows", "决定文件不能覆盖数据文件"),
            where="--out",
            todo=Text("write to another file", "请写到另一个文件"),
        )
    _check_fields(settings.annotators, records)
    review = Review(path, records, settings.labels or labels_of(records))
    sources = [undecided(review.votes), *_looked(records, settings, emit)]
    # What was decided stays in the queue, however few rows are asked for, so that progress means the same tomorrow.
    items = queue_of(records, sources, everything=settings.queue == "all")
    seen = set(review.votes)
    begun = [one for one in items if one.record.id in seen]
    rest = [one for one in items if one.record.id not in seen]
    kept = {one.record.id for one in (*begun, *rest[: max(0, settings.most - len(begun))])}
    review.items = tuple(one for one in items if one.record.id in kept)
    return review


def name_of(settings: ReviewSettings) -> str:
    """Return the name of whoever decides."""
    if settings.who is not None:
        return settings.who
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "me"


def _looked(records: Sequence[Record], settings: ReviewSettings, emit: Emit) -> list[Reasons]:
    looks: dict[str, Callable[[], Reasons]] = {
        "labels": lambda: suspected(records),
        "conflicts": lambda: conflicting(records),
        "scores": lambda: low_scored(records),
        "findings": lambda: found_by_doctor(records, checks_of(IN_FULL)),
    }
    wanted: list[str] = list(looks) if settings.queue in ("auto", "all") else [settings.queue]
    run = settings.run
    if run is not None:
        looks["run"] = lambda: wrongly_answered(records, answered(Path(run)))
        wanted = ["run", *wanted] if settings.queue in ("auto", "all") else [*wanted, "run"]
    if settings.annotators:
        looks["annotators"] = lambda: disagreeing(records, settings.annotators)
        wanted.append("annotators")
    found: list[Reasons] = []
    for number, name in enumerate(wanted):
        phase = {"en": LOOKING[name].en, "zh": LOOKING[name].zh}
        emit(Event("progress", {"phase": phase, "done": number, "total": len(wanted), "unit": ""}))
        found.append(looks[name]())
    return found


def _check_fields(names: Sequence[str], records: Sequence[Record]) -> None:
    known = {name for one in records for name in one.extra}
    wrong = [
        Finding("--annotators", Text(f"no row has a field '{name}'", f"没有任何一行有字段 '{name}'"))
        for name in names
        if name not in known
    ]
    if wrong:
        raise DataError(wrong)
