"""What is shown of a review at one row, as plain values: for the page and for the terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.decisions import Decision
from taskfit.data.finding import excerpt
from taskfit.data.record import Record
from taskfit.data.revise import current
from taskfit.ladder.report.visible import visible
from taskfit.workshop.review import Item
from taskfit.workshop.review_agreement import People

if TYPE_CHECKING:
    from taskfit.app.data.review import Review

HISTORY = 8
DID: Mapping[str, Text] = {
    "accept": Text("kept", "保留"),
    "relabel": Text("relabelled", "改标签"),
    "edit": Text("edited", "修改"),
    "reject": Text("dropped", "删除"),
    "skip": Text("skipped", "跳过"),
}
ROLES: Mapping[str, Text] = {
    "system": Text("system", "系统"),
    "user": Text("user", "用户"),
    "assistant": Text("answer", "回答"),
    "tool": Text("tool", "工具"),
    "chosen": Text("the better answer", "较好的回答"),
    "rejected": Text("the worse answer", "较差的回答"),
    "text": Text("text", "文本"),
}


def view_of(review: "Review", who: str, at: int | None) -> dict[str, object]:
    """Return the state of a review for one person at the row `at`; None shows that all is done."""
    progress, people = review.progress(who), review.people()
    return {
        "at": at,
        "total": progress.total,
        "done": progress.done,
        "counts": {name: progress.counts.get(name, 0) for name in DID},
        "item": None if at is None else _item(review, review.items[at], who),
        "people": _people(people),
        "history": _history(review, who),
    }


def parts_of(record: Record) -> list[tuple[str, str]]:
    """Return what a row says, as (who says it, words), in order."""
    said = [_said(one) for one in record.messages]
    said += [("chosen", _words(one)) for one in record.chosen]
    said += [("rejected", _words(one)) for one in record.rejected]
    if record.text is not None and not record.messages:
        said.append(("text", record.text))
    said += [("text", f"{'✓' if right else '✗'} {step}") for step, right in record.steps]
    return [(role, words) for role, words in said if words]


def can_edit(record: Record) -> dict[str, str]:
    """Return the words of a row that may be edited: `text` is what it asks, `answer` its answer where it has one."""
    found = {} if record.spans is not None or record.steps else {"text": record.prompt}
    if record.kind in ("talk", "pair", "rated"):
        found["answer"] = record.answer
    elif record.labels is not None and record.spans is None:
        found["answer"] = "\n".join(record.labels)
    return found


def shown_label(record: Record) -> str:
    """Return the label of a row as people read it; empty for open answers, which stand in the row itself."""
    if record.spans is not None:
        return "; ".join(f"{record.prompt[one.start : one.end]} = {one.label}" for one in record.spans)
    if record.labels is not None:
        return ", ".join(record.labels)
    return current(record) if record.kind in ("labelled", "rated") else ""


def _item(review: "Review", item: Item, who: str) -> dict[str, object]:
    record = item.record
    mine = review.decision_of(record.id, who)
    return {
        "row": record.id,
        "place": visible(str(record.origin).rsplit("/", 1)[-1]),
        "gain": round(item.gain, 3),
        "reasons": [{"kind": one.kind, **_both(one.what)} for one in item.reasons],
        "parts": [
            {"role": _both(ROLES[role]), "kind": role, "words": visible(words)} for role, words in parts_of(record)
        ],
        "label": visible(shown_label(record)),
        "current": current(record),
        "choices": list(review.choices(record)),
        "suggested": item.suggested,
        "edit": can_edit(record),
        "mine": None if mine is None else _decision(mine),
    }


def _history(review: "Review", who: str) -> list[dict[str, object]]:
    votes = {row: by_whom[who] for row, by_whom in review.votes.items() if who in by_whom}
    latest = sorted(votes.values(), key=lambda one: -one.time)[:HISTORY]
    place = {item.record.id: at for at, item in enumerate(review.items)}
    return [
        {
            **_decision(one),
            "at": place.get(one.row),
            "words": visible(excerpt(review.records[one.row].prompt, most=40))
            if one.row in review.records
            else one.place,
        }
        for one in latest
    ]


def _decision(one: Decision) -> dict[str, object]:
    label = one.was if one.what == "accept" else one.label or ""
    return {"what": one.what, "told": _both(DID[one.what]), "label": visible(excerpt(label, most=30))}


def _people(people: People) -> dict[str, object]:
    return {
        "counts": dict(people.counts),
        "shared": people.shared,
        "alpha": people.alpha,
        "pairs": [
            {"one": pair.one, "other": pair.other, "rows": pair.rows, "alike": pair.alike, "kappa": pair.kappa}
            for pair in people.pairs
        ],
    }


def _said(message: Message) -> tuple[str, str]:
    return message.role, _words(message)


def _words(message: Message) -> str:
    calls = "\n".join(f"{call.name}({call.arguments})" for call in message.calls)
    return "\n".join(part for part in (message.thinking, message.content, calls) if part)


def _both(sentence: Text) -> dict[str, str]:
    return {"en": visible(sentence.en), "zh": visible(sentence.zh)}
