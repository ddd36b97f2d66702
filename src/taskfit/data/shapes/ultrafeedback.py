"""Rated answers (UltraFeedback): instruction and completions with a rating each; the best and the worst make the pair."""

from collections.abc import Mapping

from taskfit.core.text import Text
from taskfit.data.cells import Fields, needed_words, one_of
from taskfit.data.conversation import json_inside
from taskfit.data.instruction import answered, with_thought
from taskfit.data.pairs import one_answer, pair_of, written_number
from taskfit.data.pieces import one_question
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.talks import prompt_in
from taskfit.data.wrong import Wrong, kind_of

ABOUT = Text(
    "UltraFeedback: instruction, completions with ratings", "UltraFeedback：instruction 与带评分的 completions"
)
HOLDS = frozenset(("messages", "chosen", "rejected", "margin", "messages.thinking"))
ROW = {
    "instruction": "2 + 2?",
    "completions": [{"response": "4", "overall_score": 9}, {"response": "5", "overall_score": 0}],
}
RATINGS = ("overall_score", "rating", "score", "fine-grained_score")
ASKED = ("instruction", "prompt", "question")


def likely(fields: Fields) -> float:
    """Return how likely a row is of this shape."""
    try:
        found = json_inside(fields.get("completions"), "completions")
    except Wrong:
        return 0.0
    rated = isinstance(found, list) and bool(found) and all(isinstance(one, Mapping) for one in found)
    return 1.0 if rated and any(name in fields for name in ASKED) else 0.0


def read(fields: Fields) -> Record:
    """Return the best and the worst rated answer as a pair; all of them are kept beside it when there are more."""
    found = json_inside(fields.get("completions"), "completions")
    if not isinstance(found, list):
        raise Wrong(kind_of("completions", found, Text("a list of answers", "回答列表")))
    rated = [_rated(one, number) for number, one in enumerate(found, 1)]
    if len({score for score, _ in rated}) < 2:
        raise Wrong(Text("none of its answers is rated better than another", "没有任何回答的评分高于其他回答"))
    best, worst = max(rated, key=lambda one: one[0]), min(rated, key=lambda one: one[0])
    return row(
        messages=prompt_in(fields, one_of(fields, ASKED)),
        chosen=(answered(best[1]),),
        rejected=(answered(worst[1]),),
        margin=best[0] - worst[0],
        extra={"completions": found} if len(found) > 2 else {},
    )


def write(record: Record) -> dict[str, object]:
    """Return the fields of a record; without a margin the better answer is rated 1, the worse 0."""
    asked = one_question(pair_of(record).messages)
    margin = 1.0 if record.margin is None else record.margin
    if margin <= 0:
        raise Wrong(Text("the better answer is not rated better", "较好的回答评分并不更高"))
    kept = record.extra.get("completions")
    told = [
        {"response": with_thought(one_answer(record.chosen)), "overall_score": written_number(margin)},
        {"response": with_thought(one_answer(record.rejected)), "overall_score": written_number(0.0)},
    ]
    return {"instruction": asked, "completions": kept if isinstance(kept, list) else told}


def _rated(value: object, number: int) -> tuple[float, str]:
    if not isinstance(value, Mapping):
        raise Wrong(Text(f"answer {number} is no object", f"第 {number} 个回答不是对象"))
    inner = {str(name): one for name, one in value.items()}
    words = needed_words(inner, one_of(inner, ("response", "text", "content")))
    rating = inner.get(next((name for name in RATINGS if inner.get(name) not in (None, "N/A")), ""))
    try:
        score = float(str(rating))
    except ValueError:
        score = float("nan")
    if score != score:
        raise Wrong(Text(f"answer {number} has no rating", f"第 {number} 个回答没有评分"))
    return score, words
