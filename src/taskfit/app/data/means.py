"""What a model lends to the checks of the doctor: its tokenizer, its chat template, what training would learn of a row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from taskfit.core.errors import ModelError
from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.data.checking import Learned, Means
from taskfit.data.record import Record


@dataclass(frozen=True)
class Reader:
    """The tokenizer and the chat template of a model, without its weights."""

    tokenizer: Any
    template: Any

    def encode(self, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
        """Return the token ids of each text."""
        ids: list[list[int]] = self.tokenizer(
            list(texts), add_special_tokens=special, return_attention_mask=False, verbose=False
        )["input_ids"]
        return ids

    def count(self, texts: Sequence[str]) -> list[int]:
        """Return how many tokens each text has."""
        return [len(ids) for ids in self.encode(texts)] if texts else []

    def learned(self, record: Record) -> Learned:
        """Return what training learns of a row: the answers, each with the token that ends it."""
        from taskfit.engine.talk import TalkRule, rows_of_talk

        talk = [*record.messages, *([Message("assistant", record.label)] if record.label is not None else [])]
        rows = rows_of_talk(self, talk, TalkRule(end=False, thinking="read"), tools=record.tools).rows
        ids = [id for row in rows for id, learn in zip(row.ids, row.learn, strict=True) if learn]
        wanted = "".join(message.content for message in talk if message.role == "assistant" and not message.calls)
        if any(message.calls for message in talk):
            wanted = ""
        text = self.tokenizer.decode(ids, clean_up_tokenization_spaces=False)
        return Learned(sum(len(row.ids) for row in rows), len(ids), text if wanted else "", wanted)


def means_of(model: str, *, window: int | None = None, online: bool = False) -> Means:
    """Return what the checks may use of the model `model`; no weights are loaded."""
    return with_model(Means(), model, window=window, online=online)


def with_model(means: Means, model: str, *, window: int | None = None, online: bool = False) -> Means:
    """Return the means with what the tokenizer, the template and the config of a model lend."""
    reader, context = read_model(model, online=online)
    special = [token.content for token in reader.tokenizer.added_tokens_decoder.values() if token.special]
    return replace(
        means,
        tokens=reader.count,
        window=window or context,
        learned=reader.learned,
        special=tuple(one for one in special if len(one) > 1),
        pieces=reader.encode,
    )


def losses_of(model: str, *, online: bool = False) -> Callable[[Sequence[tuple[str, str]]], list[float]]:
    """Return what gives the mean loss per token of answers: after their prompts, or alone where the prompt is empty."""
    import torch

    from taskfit.engine.learner import TokenLearner
    from taskfit.engine.talk import rows_of_talk, text_row
    from taskfit.engine.truncate import fit_rows
    from taskfit.model.open import open_local

    network = open_local(model, online=online)

    def row_of(prompt: str, answer: str) -> Any:
        if not prompt:
            return text_row(network, answer)
        talk = (Message("user", prompt), Message("assistant", answer))
        return rows_of_talk(network, talk).rows[0]

    def losses(pairs: Sequence[tuple[str, str]]) -> list[float]:
        found = []
        for prompt, answer in pairs:
            rows = fit_rows([row_of(prompt, answer)], network.card.context, "cut_prompt").rows
            learner = TokenLearner(network, rows)
            weight = sum(learner.weight(place) for place in range(len(rows)))
            with torch.inference_mode():
                found.append(float(learner.loss(range(len(rows)), 1.0)) / weight if weight else 0.0)
        return found

    return losses


def vectors_of(model: str, *, online: bool = False) -> Callable[[Sequence[str]], Any]:
    """Return what gives one vector per text: the mean of the final hidden states of a model."""
    from taskfit.engine.features import pooled
    from taskfit.model.open import open_local

    network = open_local(model, online=online)

    def vectors(texts: Sequence[str]) -> Any:
        rows = [ids[: network.card.context] or [0] for ids in network.encode(texts, special=True)]
        return pooled(network, rows, "mean")

    return vectors


def read_model(model: str, *, online: bool = False) -> tuple[Reader, int | None]:
    """Return the tokenizer and template of a model, and the longest text its config allows."""
    from transformers import AutoTokenizer

    from taskfit.model.folder import find_folder, read_config
    from taskfit.model.template import PLAIN, read_template
    from taskfit.model.template_check import check_template

    folder = find_folder(model, online=online)
    facts = read_config(folder)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as problem:  # foreign files: what the library raises on them has no common base
        told = f"{type(problem).__name__}: {' '.join(str(problem).split())[:300]}"
        raise ModelError(Text(f"no tokenizer: {told}", f"没有可用的分词器：{told}"), where=str(folder)) from problem
    template = read_template(folder)
    if template is not None:
        named = {key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)}
        template = replace(template, variables={**named, **template.variables})
        check_template(template)
    context = facts.get("max_position_embeddings") or facts.get("n_positions")
    return Reader(tokenizer, template or PLAIN), int(context) if isinstance(context, int) else None
