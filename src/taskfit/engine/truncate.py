"""Rows longer than the model reads: what happens to them is a stated policy, and every such row is named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from taskfit.core.errors import DataError, Finding
from taskfit.core.text import Text

TooLong = Literal["refuse", "drop", "cut_prompt", "split"]
"""refuse: stop before training; drop: leave the row out; cut_prompt: cut the beginning of the prompt and keep the last
answer whole; split: cut into pieces, each token learned once."""

ANSWERS_CUT = Text(
    "earlier answers of the conversation are cut away with the beginning of the prompt",
    "对话中较早的回答随提示开头一起被截去",
)


@dataclass(frozen=True)
class Shortened:
    """The rows that fit; `notes` maps what was done to the places it was done to."""

    rows: tuple[Any, ...]
    notes: Mapping[Text, tuple[str, ...]] = field(default_factory=dict)


def fit_rows(
    rows: Sequence[Any], limit: int, policy: TooLong = "refuse", *, start_token: int | None = None
) -> Shortened:
    """Return the rows with none longer than `limit` tokens; raise DataError naming all that are when policy is refuse.

    What stands after a row's last learned token teaches nothing and does not count. With cut_prompt a first
    `start_token` (beginning of text) stays.
    """
    if limit < 2:
        raise ValueError("a row of one token can teach nothing")
    needed = [row if len(row.ids) <= limit else _without_tail(row) for row in rows]
    if policy == "refuse":
        refused = too_long(needed, limit)
        if refused:
            raise DataError(refused)
    kept: list[Any] = []
    notes: dict[Text, list[str]] = {}
    for row in needed:
        parts, told = ((row,), ()) if len(row.ids) <= limit else _shorten(row, limit, policy, start_token)
        kept += parts
        for note in told:
            notes.setdefault(note, []).append(row.origin)
    return Shortened(tuple(kept), {note: tuple(places) for note, places in notes.items()})


def too_long(rows: Iterable[Any], limit: int) -> list[Finding]:
    """Return what is wrong with the rows of more than `limit` tokens."""
    return [
        Finding(
            row.origin,
            Text(
                f"the row has {len(row.ids)} tokens, at most {limit} are read",
                f"该行有 {len(row.ids)} 个 token，最多读取 {limit} 个",
            ),
            Text(
                "shorten it, or set too_long to drop, cut_prompt or split",
                "请缩短它，或把 too_long 设为 drop、cut_prompt 或 split",
            ),
        )
        for row in rows
        if len(row.ids) > limit
    ]


def _without_tail(row: Any) -> Any:
    """Return the row up to its last learned token; as it is when nothing is learned."""
    last = max((place for place, weight in enumerate(row.learn) if weight), default=len(row.ids) - 1)
    return _part(row, 0, last + 1)


def _part(row: Any, first: int, end: int) -> Any:
    return replace(row, ids=row.ids[first:end], learn=row.learn[first:end])


def _shorten(
    row: Any, limit: int, policy: TooLong, start_token: int | None
) -> tuple[tuple[Any, ...], tuple[Text, ...]]:
    if policy == "split":
        return _split(row, limit)
    if policy == "cut_prompt" and any(row.learn[1:]):
        return _cut_prompt(row, limit, start_token)
    return (), (Text(f"longer than {limit} tokens: left out", f"超过 {limit} 个 token：已去除"),)


def _split(row: Any, limit: int) -> tuple[tuple[Any, ...], tuple[Text, ...]]:
    """Return pieces that overlap by one token, which the next piece needs to predict its first own one."""
    pieces = [_part(row, first, first + limit) for first in range(0, len(row.ids) - 1, limit - 1)]
    teaching = [piece for piece in pieces if any(piece.learn[1:])]
    told = Text(
        f"longer than {limit} tokens: cut into pieces, which do not see what stood before them",
        f"超过 {limit} 个 token：切成多段，后段看不到前段内容",
    )
    return tuple(teaching), (told,)


def _cut_prompt(row: Any, limit: int, start_token: int | None) -> tuple[tuple[Any, ...], tuple[Text, ...]]:
    weights = list(map(float, row.learn))
    answer = len(weights) - 1  # where the last answer begins
    while answer > 1 and weights[answer - 1]:
        answer -= 1
    keeps_start = start_token is not None and row.ids[0] == start_token
    cut = len(row.ids) - limit + keeps_start
    if cut >= answer:
        told = Text(
            f"the answer alone is longer than {limit} tokens: the row is left out",
            f"仅回答就超过 {limit} 个 token：该行已去除",
        )
        return (), (told,)
    begin = cut
    while weights[begin] and weights[begin - 1]:  # half an answer without its question
        begin += 1
    notes = [
        Text(
            f"longer than {limit} tokens: the beginning of the prompt is cut, the answer kept",
            f"超过 {limit} 个 token：截去提示开头，保留回答",
        )
    ]
    if any(weights[1:begin]):
        notes.append(ANSWERS_CUT)
    whole = _part(row, begin, len(row.ids))
    if keeps_start:
        whole = replace(whole, ids=row.ids[:1] + whole.ids, learn=row.learn[:1] + whole.learn)
    return (whole,), tuple(notes)
