"""Build instruction rows of labelled rows by templates, and labelled rows of instruction rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit.app.data.build_settings import BuildSettings
from taskfit.app.data.build_words import kept_words
from taskfit.app.data.out import MadeOf, Rewritten, write_version
from taskfit.core.errors import DataError, Finding, UsageError
from taskfit.core.events import Emit, Event, silent
from taskfit.core.text import Language, Text
from taskfit.data.guess import is_chinese
from taskfit.data.read import ListedRow
from taskfit.data.read_records import RecordReading, read_records
from taskfit.data.record import Record, example_of
from taskfit.data.step import Entry
from taskfit.data.templates.back import back
from taskfit.data.templates.build import Built, Deck, build
from taskfit.data.templates.forms import head_rows, text_rows
from taskfit.data.templates.kind import task_of
from taskfit.data.templates.task import TemplateTask, task_named
from taskfit.data.templates.template import Template, library, read_templates
from taskfit.data.templates.vocabulary import names_in, remarks_on, words_for
from taskfit.data.templates.words import Words

BUILDING = Text("building", "构造")
SAMPLE = 500
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True)
class Made:
    """What was read and made: the task, the rows by their form, why rows gave none, what was written."""

    file: str
    tasks: tuple[str, ...]
    read: int
    listed: tuple[ListedRow, ...]
    rows: Mapping[str, tuple[Record, ...]]
    entries: tuple[Entry, ...] = ()
    merged: int = 0
    one_way: int = 0
    used: Mapping[str, int] = field(default_factory=dict)
    remarks: tuple[Text, ...] = ()
    written: Mapping[str, Rewritten] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """The rows with their task and decks of templates."""

    reading: RecordReading
    name: str
    task: TemplateTask
    decks: tuple[Deck, ...]

    @property
    def words(self) -> dict[str, dict[str, str]]:
        """The word of each label by language."""
        return {deck.words.language: dict(deck.words.by_name or {}) for deck in self.decks}


def build_rows(file: str, settings: BuildSettings, emit: Emit = silent) -> Made:
    """Make rows of the rows of `file` and write them; without `out` nothing is written.

    Raises UsageError for a wrong setting or template, DataError when no row can be used.
    """
    _check_out(file, settings.out)
    if settings.back:
        return _back(file, settings)
    plan = plan_of(file, settings)
    records = plan.reading.records
    built = Built((), ())
    if settings.form != "head":

        def told(done: int) -> None:
            phase = {"en": BUILDING.en, "zh": BUILDING.zh}
            emit(Event("progress", {"phase": phase, "done": done, "total": len(records), "unit": ""}))

        per_row = None if settings.per_row == "all" else settings.per_row
        built = build(records, plan.task, plan.decks, per_row=per_row, seed=settings.seed, told=told)
    rows: dict[str, tuple[Record, ...]] = {"instruction": built.records, "text": tuple(text_rows(built.records))}
    heads, without = head_rows(records) if settings.form in ("head", "all") else ([], [])
    rows["head"] = tuple(heads)
    if settings.form != "all":
        rows = {settings.form: rows[settings.form]}
    entries = (*built.entries, *(without if settings.form == "head" else ()))
    remarks = tuple(one for deck in plan.decks for one in remarks_on(deck.words)) if _says_labels(plan) else ()
    made = Made(
        file, (plan.name,), plan.reading.facts.rows, plan.reading.listed, {name: some for name, some in rows.items() if some},
        entries, one_way=built.one_way, used=built.used, remarks=remarks,
    )  # fmt: skip
    if not made.rows:
        raise DataError([Finding(entry.place, entry.reason) for entry in entries])
    step = {
        "build": {"task": plan.name, "words": plan.words, **settings.model_dump(mode="json", exclude_defaults=True)}
    }
    return _written(made, settings, step)


def plan_of(file: str, settings: BuildSettings) -> Plan:
    """Return the rows of a file with the task they are of and the templates for it."""
    reading = read_records(file, settings.shape, settings.map, settings.encoding)
    name = settings.task or _task_in(reading, file)
    task = task_named(name)
    usual: Language = "zh" if is_chinese([example_of(one) for one in reading.records[:SAMPLE]]) else "en"
    own = read_templates(Path(settings.templates), name, usual) if settings.templates is not None else ()
    names = names_in(reading.records) if "choices" in task.SLOTS or "label" in task.SLOTS else ()
    decks = []
    for language in _languages(settings, usual, own):
        ours = library(name, language)
        given = settings.labels_zh or settings.labels if language == "zh" else settings.labels
        words = words_for(names, language, ours.words, given)
        some = [one for one in own if one.language == language] if own else ours.templates
        decks.append(Deck(words, _drawable(some, settings, len(names))))
    decks = [deck for deck in decks if deck.templates]
    if not decks:
        raise UsageError(
            Text("no template is left to draw from", "没有可用的模板"),
            where="--templates" if own else "--most-choices",
            todo=Text(
                "allow inverted ones (--inverted), or another language", "可允许反向模板（--inverted）或改换语言"
            ),
        )
    return Plan(reading, name, task, tuple(decks))


def _languages(settings: BuildSettings, usual: Language, own: Sequence[Template]) -> tuple[Language, ...]:
    """Return the languages that are asked for; else those of the user's own templates, or that of the rows."""
    if settings.template_lang == "auto":
        return tuple(sorted({one.language for one in own})) or (usual,)
    return LANGUAGES if settings.template_lang == "both" else (settings.template_lang,)


def _drawable(templates: Sequence[Template], settings: BuildSettings, labels: int) -> tuple[Template, ...]:
    some = [one for one in templates if settings.inverted or not one.inverted]
    return tuple(one for one in some if labels <= settings.most_choices or not one.lists_choices)


def _task_in(reading: RecordReading, file: str) -> str:
    found = Counter(task_of(record) for record in reading.records)
    name, _ = found.most_common(1)[0]
    if name is None:
        raise DataError(
            Text(
                f"these rows ({reading.facts.shape}) have no label and no answer that a template could ask for",
                f"这些行（{reading.facts.shape}）没有标签或答案，无法套用模板",
            ),
            where=file,
        )
    return name


def _says_labels(plan: Plan) -> bool:
    return plan.name in ("classification", "nli")


def _check_out(file: str, out: str | None) -> None:
    path = Path(out) if out is not None else None
    if path is not None and path.exists() and path.samefile(file):
        raise UsageError(
            Text("what is made never replaces what it is made of", "输出不会覆盖原文件"),
            where="--out",
            todo=Text("write to another file", "请写到另一个文件"),
        )


def _back(file: str, settings: BuildSettings) -> Made:
    reading = read_records(file, settings.shape, settings.map, settings.encoding)
    given: dict[Language, Mapping[str, str]] = {"en": settings.labels, "zh": settings.labels_zh or settings.labels}
    known = kept_words(Path(file))
    words = {
        language: Words(language, {**known.get(language, {}), **given[language]} or None) for language in LANGUAGES
    }
    own: tuple[Template, ...] = ()
    if settings.templates is not None:
        usual: Language = "zh" if settings.template_lang == "zh" else "en"
        own = read_templates(Path(settings.templates), settings.task or "classification", usual)
    found = back(reading.records, words, own)
    if not found.records:
        raise DataError([Finding(entry.place, entry.reason) for entry in found.entries])
    made = Made(
        file, found.tasks, reading.facts.rows, reading.listed, {"labelled": found.records}, found.entries, found.merged
    )
    return _written(made, settings, {"build": settings.model_dump(mode="json", exclude_defaults=True)})


def _written(made: Made, settings: BuildSettings, step: dict[str, Any]) -> Made:
    if settings.out is None:
        return made
    path = Path(settings.out)
    counts = {"read": made.read, "listed": len(made.listed), "dropped": len(made.entries), "merged": made.merged}
    written = {}
    for form, records in made.rows.items():
        place = path.with_name(f"{path.stem}.{form}{path.suffix}") if settings.form == "all" else path
        ledger = (("build", entry) for entry in made.entries)
        made_of = MadeOf(made.file, step, {**counts, "made": len(records)}, ledger)
        written[form] = write_version(place, records, _shape(form, records, made, settings), made_of)
    return Made(**{**vars(made), "written": written})


def _shape(form: str, records: Sequence[Record], made: Made, settings: BuildSettings) -> str:
    if form == "text":
        return "text"
    if form == "head":
        return "ner" if any(one.spans is not None for one in records) else "classification"
    if form == "instruction":
        return settings.to or "alpaca"
    return settings.to or (task_named(made.tasks[0]).SHAPE if len(made.tasks) == 1 else "record")
