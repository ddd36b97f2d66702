"""The pre-flight: what is learned of the rows, shown and counted before the first step; refuses what would teach nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from taskfit.core.errors import DataError, Finding
from taskfit.core.events import Event
from taskfit.core.text import Text
from taskfit.engine.truncate import too_long

SHOWN = 8  # places named in a sentence
Notes = Mapping[Text, Sequence[str]]


@dataclass(frozen=True)
class Preflight:
    """What was found: one example as pieces of text with their weights, numbers of all rows, sentences about them.

    `pieces` belong to the row from `origin`; weight 0 is only read. `warnings` are facts that ask for attention.
    """

    pieces: tuple[tuple[str, float], ...]
    origin: str
    counts: Mapping[str, int]
    facts: tuple[Text, ...]
    warnings: tuple[Text, ...] = ()

    def events(self, rung: str = "") -> Iterator[Event]:
        """Yield what to tell: the pre-flight itself, then each warning."""
        sentences = [_both(one) for one in (*self.facts, *self.warnings)]
        data = {"rung": rung, "pieces": [list(piece) for piece in self.pieces], "origin": self.origin}
        yield Event("preflight", {**data, "facts": sentences, **self.counts})
        for warning in self.warnings:
            yield Event("warning", {"text": _both(warning)})


def preflight(
    model: Any, rows: Sequence[Any], *, answers: int | None = None, notes: Notes | None = None, ends: bool = True
) -> Preflight:
    """Return what the rows will teach the model; raise DataError, with all findings, when it would be nothing.

    `answers` is how many answers the rows hold, `notes` what was done to rows before (and to which). With `ends`, the
    rows are meant to teach where an answer ends.
    """
    _refuse(model, rows)
    counts = _counts(model, rows) | ({} if answers is None else {"answers": answers})
    shown = next((row for row in rows if _learned(row) and not row.learn[0]), None) or next(filter(_learned, rows))
    told, warned = _end_facts(model, counts) if ends else ([], [])
    facts = [_size(counts), *told, *_empty(rows)]
    facts += [_with_places(note, places) for note, places in (notes or {}).items()]
    if counts["rows_with_two_starts"]:
        warned.append(_two_starts(counts))
    return Preflight(tuple(pieces_of(model, shown)), shown.origin, counts, tuple(facts), tuple(warned))


def pieces_of(model: Any, row: Any) -> Iterator[tuple[str, float]]:
    """Yield the text of a row in pieces, each with the weight of its tokens; the first token is never learned."""
    weights = [0.0, *map(float, row.learn[1:])]
    ids, before, place = list(row.ids), "", 0
    for weight, group in groupby(weights):
        place += len(list(group))
        text = model.tokenizer.decode(ids[:place], skip_special_tokens=False, clean_up_tokenization_spaces=False)
        # A piece is what the text gains by it; alone it would lose the blank in front of its first word.
        shared = next((i for i, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), len(before))
        yield text[min(shared, len(text)) :], weight
        before = text


def _learned(row: Any) -> bool:
    return any(row.learn[1:])


def _refuse(model: Any, rows: Sequence[Any]) -> None:
    """Raise DataError with everything that makes the rows useless for the model."""
    findings = too_long(rows, model.card.context)
    words = model.network.get_input_embeddings().weight.shape[0]
    findings += [
        Finding(
            row.origin,
            Text(
                f"the row holds token {max(row.ids)}, the model knows {words} tokens",
                f"该行含有 token {max(row.ids)}，而模型只有 {words} 个 token",
            ),
            Text("the tokenizer does not belong to this model", "分词器与该模型不匹配"),
        )
        for row in rows
        if len(row.ids) and max(row.ids) >= words
    ]
    if not any(map(_learned, rows)):
        findings.append(
            Finding(
                "",
                Text(
                    f"none of the {len(rows)} training rows has anything to learn",
                    f"{len(rows)} 条训练数据中没有任何可学习的内容",
                ),
                Text(
                    "rows need an answer whose weight is not 0 and that fits the model's context",
                    "每行都需要权重不为 0、且不超出模型长度的回答",
                ),
            )
        )
    if findings:
        raise DataError(findings)


def _counts(model: Any, rows: Sequence[Any]) -> dict[str, int]:
    stops, start = model.ends, model.tokenizer.bos_token_id
    learned = [[token for token, weight in zip(row.ids[1:], row.learn[1:], strict=True) if weight] for row in rows]
    return {
        "rows": len(rows),
        "tokens_read": sum(len(row.ids) for row in rows),
        "tokens_learned": sum(map(len, learned)),
        "longest": max(len(row.ids) for row in rows),
        "context": model.card.context,
        "rows_without_learning": sum(not tokens for tokens in learned),
        "rows_with_learned_end": sum(bool(tokens) and tokens[-1] in stops for tokens in learned),
        "ends_learned": sum(token in stops for tokens in learned for token in tokens),
        "rows_with_two_starts": sum(start is not None and list(row.ids[:2]) == [start, start] for row in rows),
    }


def _size(counts: Mapping[str, int]) -> Text:
    read, learned = counts["tokens_read"], counts["tokens_learned"]
    said = (
        Text(f", {counts['answers']:,} answers", f"，{counts['answers']:,} 个回答")
        if "answers" in counts
        else Text("", "")
    )
    return Text(
        f"{counts['rows']:,} rows{said.en}: {read:,} tokens are read, {learned:,} of them learned ({learned / read:.0%}); "
        f"the longest row has {counts['longest']:,} tokens, the model reads {counts['context']:,}",
        f"{counts['rows']:,} 行{said.zh}：读取 {read:,} 个 token，其中学习 {learned:,} 个（{learned / read:.0%}）；"
        f"最长的一行有 {counts['longest']:,} 个 token，模型可读 {counts['context']:,} 个",
    )


def _end_facts(model: Any, counts: Mapping[str, int]) -> tuple[list[Text], list[Text]]:
    """Return what is known, and what is worrying, about the token that ends an answer."""
    stops = ", ".join(f"'{model.tokenizer.decode([token])}' ({token})" for token in sorted(model.ends))
    teaching = counts["rows"] - counts["rows_without_learning"]
    ending = counts["rows_with_learned_end"]
    if not ending:
        none = Text("the model has no such token", "模型没有这样的 token")
        known = Text(f"generation ends at {stops}", f"生成遇到 {stops} 时结束") if stops else none
        return [], [
            Text(
                f"no row teaches where an answer ends ({known.en}): the trained model will go on until its limit",
                f"没有任何一行教模型在哪里结束回答（{known.zh}）：训练后的模型会一直写到长度上限",
            )
        ]
    padding = model.tokenizer.pad_token_id in model.ends
    also = (
        Text("; it is the padding token too, and not masked", "；它同时是填充 token，且未被屏蔽")
        if padding
        else Text("", "")
    )
    return [
        Text(
            f"the token that ends an answer is learned in {ending:,} of {teaching:,} rows, {counts['ends_learned']:,} "
            f"times ({stops}){also.en}",
            f"结束回答的 token 在 {teaching:,} 行中的 {ending:,} 行被学习，共 {counts['ends_learned']:,} 次（{stops}）{also.zh}",
        )
    ], []


def _empty(rows: Sequence[Any]) -> list[Text]:
    idle = [row.origin or str(number) for number, row in enumerate(rows, 1) if not _learned(row)]
    return [_with_places(Text("nothing is learned of a row", "该行没有可学习的内容"), idle)] if idle else []


def _with_places(note: Text, places: Sequence[str]) -> Text:
    """Return the note with how many rows it is about, and the first of them."""
    unique = list(dict.fromkeys(place for place in places if place))
    named = ", ".join(unique[:SHOWN]) + (" ..." if len(unique) > SHOWN else "")
    count = f"{len(places):,} row{'s' * (len(places) != 1)}"
    if not named:
        return Text(f"{note.en} ({count})", f"{note.zh}（{len(places):,} 行）")
    return Text(f"{note.en} ({count}: {named})", f"{note.zh}（{len(places):,} 行：{named}）")


def _two_starts(counts: Mapping[str, int]) -> Text:
    count = counts["rows_with_two_starts"]
    return Text(
        f"{count:,} rows begin with the beginning-of-text token twice: the chat template and the tokenizer both write it",
        f"{count:,} 行开头有两个文本起始符：对话模板与分词器都写了它",
    )


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
