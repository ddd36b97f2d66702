"""Instruction rows made by templates become the labelled rows they were made of; edits of their answers come along."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from taskfit.core.example import Origin
from taskfit.core.text import Language, Text
from taskfit.data.conversation import json_inside
from taskfit.data.record import Record
from taskfit.data.step import Entry, dropped
from taskfit.data.templates.build import KEPT, ONE_WAY, OWN_ABOUT, same_row, without_system
from taskfit.data.templates.task import task_named
from taskfit.data.templates.template import Template, library
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

PLACE = re.compile(r"(?P<file>.+):(?P<line>\d+)(?:#(?P<row>\d+))?")


@dataclass(frozen=True)
class Returned:
    """The labelled rows, how many instances said the same as one of them, and an entry for each row that is neither."""

    records: tuple[Record, ...]
    merged: int
    entries: tuple[Entry, ...]
    tasks: tuple[str, ...] = ()


def back(records: Sequence[Record], words: Mapping[Language, Words], own: Sequence[Template] = ()) -> Returned:
    """Return the labelled rows that instruction rows were made of, one of all instances of a row.

    `words` are the labels' words in each language (left out: labels are their own words), `own` are templates that
    the library does not hold. A row whose other instance says otherwise is told, the first one counts.
    """
    known = {one.name: one for one in own}
    found: dict[str, Record] = {}
    entries: list[Entry] = []
    merged, tasks = 0, dict[str, None]()
    for record in records:
        try:
            template = _template(record, known)
            source = _source(record, template, words.get(template.language) or Words(template.language))
        except Wrong as wrong:
            entries.append(dropped(record, wrong.reason))
            continue
        tasks[template.name.partition("/")[0]] = None
        first = found.setdefault(source.id, source)
        if first is source:
            continue
        if same_row(first, source):
            merged += 1
        else:
            entries.append(dropped(record, OTHERWISE))
    return Returned(tuple(found.values()), merged, tuple(entries), tuple(tasks))


def _template(record: Record, known: dict[str, Template]) -> Template:
    name = record.about.get("template")
    if name is None or "parent" not in record.about:
        raise Wrong(Text("it was not made by a template", "不是由模板生成的"))
    if name.endswith(ONE_WAY):
        raise Wrong(
            Text("it was made one way: its words do not tell its parts", "该行只能单向生成：文字无法还原各部分")
        )
    if name not in known:
        task, _, rest = name.partition("/")
        language = rest.partition("/")[0]
        if language in ("en", "zh"):
            found = library(task, "zh" if language == "zh" else "en").templates if _is_task(task) else ()
            known |= {one.name: one for one in found}
    if name not in known:
        raise Wrong(
            Text(
                f"there is no template '{name}' here (--templates FILE)",
                f"没有模板 '{name}'（可用 --templates 指定文件）",
            )
        )
    return known[name]


def _is_task(name: str) -> bool:
    from taskfit.data.templates.task import TASKS

    return TASKS.problem(name) is None


def _source(record: Record, template: Template, words: Words) -> Record:
    spoken = without_system(record)
    roles = [message.role for message in spoken.messages]
    if roles != ["user", "assistant"]:
        raise Wrong(Text("it is not one question with one answer", "不是一问一答"))
    question, answer = (message.content for message in spoken.messages)
    task = task_named(template.name.partition("/")[0])
    made = task.record(template.read(question, answer), words)
    return _with_rest(replace(made, messages=(*record.messages[: bool(record.system)], *made.messages)), record)


def _with_rest(made: Record, record: Record) -> Record:
    """Return the row with its id, place, group, and what else the source row held."""
    kept = json_inside(record.extra.get(KEPT), KEPT) or {}
    if not isinstance(kept, Mapping):
        raise Wrong(Text(f"'{KEPT}' is no object", f"'{KEPT}' 不是对象"))
    parent = record.about["parent"]
    place = None if kept.get("own_id") is True else PLACE.fullmatch(parent)
    origin = record.origin
    if place is not None:
        origin = Origin(place["file"], int(place["line"]), int(place["row"]) if place["row"] else None)
    own_group = record.group != parent or kept.get("own_group") is True
    about = {name: value for name, value in record.about.items() if name not in OWN_ABOUT}
    more, extra = kept.get("about"), kept.get("extra")
    return replace(
        made,
        id=parent,
        origin=origin,
        group=record.group if own_group else None,
        about={**about, **({str(name): str(one) for name, one in more.items()} if isinstance(more, Mapping) else {})},
        extra={str(name): one for name, one in extra.items()} if isinstance(extra, Mapping) else {},
    )


OTHERWISE = Text(
    "another instance of the same row says otherwise: the first one counts",
    "同一来源行的另一实例内容不同：以第一个为准",
)
