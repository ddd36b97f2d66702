"""Read a model for what it forgot: what it writes by itself, its divergence, its losses, its skills, the base inside it.

Letters: T tokens, V vocabulary, W width.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from taskfit.core.errors import DataError
from taskfit.core.meter import Meter
from taskfit.core.prediction import Predictor
from taskfit.core.text import Text
from taskfit.engine.adapter import Adapted, choose
from taskfit.engine.asking import AskingPredictor
from taskfit.engine.features import batches_of
from taskfit.engine.headed import HeadPredictor
from taskfit.engine.language import WholeModel
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.tagged import TagPredictor
from taskfit.engine.talk import talk_row
from taskfit.engine.trained import TunedPredictor
from taskfit.engine.wrap import adapter_off
from taskfit.measure.counts import Array
from taskfit.measure.forgetting_material import Conversation, GeneralText, Sampling, Skill
from taskfit.measure.measure import score_rows
from taskfit.model.local import LocalModel

TOKENS_AT_ONCE, NUMBERS_AT_ONCE = 1024, 2_000_000
LONGEST = 256  # tokens of a text that are read


def adapted_model(predictor: Predictor) -> LocalModel | None:
    """Return the network that answers, or None for a predictor that is none of ours."""
    if isinstance(predictor, TunedPredictor):
        return predictor.tuned.model
    if isinstance(predictor, AskingPredictor):
        predictor = predictor.inner
    if isinstance(predictor, (WholeModel, HeadPredictor, TagPredictor, PromptPredictor)):
        return predictor.model if isinstance(predictor.model, LocalModel) else None
    return None


def kl_per_token(base: Tensor, adapted: Tensor) -> Tensor:
    """Return KL(base || adapted) in nats at each position, [T], from logits [T, V] of both.

    sum over v of p(v) (log p(v) - log q(v)), p the base's and q the adapted model's shares: exact over the vocabulary.
    Its mean over tokens that the base drew from p is an unbiased estimate of the divergence per token of whole texts,
    with less variance than estimates from the drawn tokens alone (log p - log q, or q/p - 1 - log(q/p): Schulman 2020,
    "Approximating KL divergence").
    """
    log_p, log_q = torch.log_softmax(base.float(), -1), torch.log_softmax(adapted.float(), -1)
    return (log_p.exp() * (log_p - log_q)).sum(-1)


@dataclass(frozen=True)
class Passage:
    """Tokens of which the `counted` ones are measured, each from those before it; `bytes` of UTF-8 they stand for."""

    ids: list[int]
    counted: list[bool]
    bytes: float = 0.0


def own_samples(model: LocalModel, talks: Sequence[Conversation], sampling: Sampling) -> list[Passage]:
    """Return what the model writes by itself, token by token from its shares at the stated temperature.

    A model that is asked in turns writes answers to the last question of each of the `talks`, up to the end of the
    answer; any other writes text from its start token on. The same seed gives the same; the random state of the process
    is not touched.
    """
    if model.card.chat:
        room = (model.card.context or LONGEST) - sampling.tokens
        prompts = model.encode([model.render(_asked(talk)) for talk in talks])
        begun = [row for row in prompts if len(row) <= room][: sampling.count]
        ends = model.ends
    else:
        begun, ends = [[start_of(model)]] * sampling.count, set()
    passages = []
    for row, new in zip(begun, _drawn(model, begun, sampling, ends), strict=True):
        last = next((place for place, token in enumerate(new, 1) if token in ends), len(new))
        passages.append(Passage(row + new[:last], [False] * len(row) + [True] * last))
    return passages


def _asked(talk: Conversation) -> Conversation:
    return talk[:-1] if talk[-1].role == "assistant" else talk


def _drawn(model: LocalModel, begun: Sequence[Sequence[int]], sampling: Sampling, ends: set[int]) -> list[list[int]]:
    """Return the tokens drawn after each beginning; drawing stops when all have come to an end."""
    longest, device = max(map(len, begun)), model.device
    generator = torch.Generator().manual_seed(sampling.seed)
    step = torch.tensor([[0] * (longest - len(row)) + list(row) for row in begun], device=device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in begun], device=device)
    drawn: list[list[int]] = []
    past = None
    with torch.inference_mode():
        for _ in range(sampling.tokens):
            places = (mask.cumsum(1) - 1).clamp_min(0)[:, -step.shape[1] :]
            out = model.network(
                input_ids=step, attention_mask=mask, position_ids=places, past_key_values=past, use_cache=True
            )
            past = out.past_key_values
            shares = torch.softmax(out.logits[:, -1].float().cpu() / sampling.temperature, -1)
            step = torch.multinomial(shares, 1, generator=generator).to(device)
            mask = torch.cat([mask, torch.ones_like(step)], 1)
            drawn.append(step[:, 0].tolist())
            if all(ends & set(row) for row in zip(*drawn, strict=True)):
                break
    return [list(row) for row in zip(*drawn, strict=True)]


def start_of(model: LocalModel) -> int:
    """Return the token that a text begins with: the tokenizer's start, else its end of text, else its first token."""
    tokenizer = model.tokenizer
    return next((int(one) for one in (tokenizer.bos_token_id, tokenizer.eos_token_id) if one is not None), 0)


@dataclass(frozen=True)
class Losses:
    """Losses of one set of texts: nats, tokens and bytes per text."""

    nats: Array
    tokens: Array
    bytes: Array

    @property
    def per_token(self) -> float:
        """Nats per token."""
        return float(self.nats.sum() / self.tokens.sum())

    @property
    def per_byte(self) -> float:
        """Nats per byte of UTF-8: the same ruler for every tokenizer."""
        return float(self.nats.sum() / self.bytes.sum())


def room_of(model: LocalModel) -> int:
    """Return how many tokens of a text are read: a part of the context, so that trained tokens find room in front."""
    return min(LONGEST, model.card.context * 3 // 4 or LONGEST)


def passages_of(model: LocalModel, texts: Sequence[GeneralText], longest: int) -> list[Passage]:
    """Return texts as the model reads them: from the start token on; of a conversation the answers are counted.

    No more than the `longest` tokens are read; of a conversation that is longer, none.
    """
    found = [_text(model, one, longest) if isinstance(one, str) else _talk(model, one) for one in texts]
    kept = [one for one in found if any(one.counted) and len(one.ids) <= longest]
    if not kept:
        raise DataError(
            Text(
                f"none of the texts fits into the {longest} tokens that are read",
                f"没有一条文本能放进所读取的 {longest} 个 token",
            )
        )
    return kept


def _text(model: LocalModel, text: str, longest: int) -> Passage:
    start, (ids,) = start_of(model), model.encode([text], special=True)
    whole = ids if ids[:1] == [start] else [start, *ids]
    read = whole[:longest]
    share = len(model.tokenizer.decode(read[1:])) / max(1, len(model.tokenizer.decode(whole[1:])))
    return Passage(read, [False] + [True] * (len(read) - 1), share * len(text.encode("utf-8", "replace")))


def _talk(model: LocalModel, talk: Conversation) -> Passage:
    row = talk_row(model, talk)
    said = sum(len(one.content.encode()) for one in talk if one.role == "assistant")
    return Passage(list(row.ids), [bool(one) for one in row.learn], float(said))


def text_losses(model: LocalModel, texts: Sequence[GeneralText], longest: int) -> Losses:
    """Return the loss of every text that can be read."""
    passages = passages_of(model, texts, longest)
    nats = [
        float(part.sum()) for states, some in states_of(model, passages) for part in _losses(states, some, model.head)
    ]
    tokens = [float(sum(one.counted)) for one in passages]
    return Losses(np.array(nats), np.array(tokens), np.array([one.bytes for one in passages]))


def per_passage(values: Array, passages: Sequence[Passage]) -> list[Array]:
    """Return the values of all counted tokens, side by side, as one array per passage."""
    return np.split(values, np.cumsum([sum(one.counted) for one in passages])[:-1])


def skill_values(model: LocalModel, skill: Skill) -> list[float]:
    """Return the value of each answer: 1 for right, 0 for wrong or unreadable, in between where the metric says so."""
    predictor = PromptPredictor(model, skill.task, lambda some: [skill.shown] * len(some))
    answers = predictor.predict([one.without_target() for one in skill.asked], Meter())
    return [row.value or 0.0 for row in score_rows(skill.asked, answers, skill.task, seed=0)]


@contextmanager
def base_inside(adapted: LocalModel) -> Iterator[LocalModel | None]:
    """Give the model with its adapter switched off; None when it has none."""
    from peft import PeftModel

    if isinstance(adapted.network, PeftModel):
        with adapter_off(adapted):
            yield adapted
    elif any(isinstance(module, Adapted) for module in adapted.network.modules()):
        yield choose(adapted, None)
    else:
        yield None


def states_of(model: LocalModel, passages: Sequence[Passage]) -> Iterator[tuple[Tensor, list[Passage]]]:
    """Yield the states [T, W] from which the counted tokens of some passages are foretold, and these passages."""
    for batch in batches_of([len(one.ids) for one in passages], TOKENS_AT_ONCE):
        some = [passages[i] for i in batch]
        hidden, _ = model.hidden([one.ids for one in some])
        before = [place for one in some for place in (*one.counted[1:], False)]
        with torch.inference_mode():
            yield hidden[torch.tensor(before, device=hidden.device)], some


def _losses(states: Tensor, passages: Sequence[Passage], head: Tensor) -> list[Array]:
    """Return the losses of the counted tokens per passage; logits [T, V] are made in parts that need little memory."""
    wanted = [token for one in passages for token, counts in zip(one.ids, one.counted, strict=True) if counts]
    targets = torch.tensor(wanted, device=states.device)
    step = max(1, NUMBERS_AT_ONCE // len(head))
    parts = []
    with torch.inference_mode():
        for at in range(0, len(states), step):
            logits = (states[at : at + step] @ head.T).float()
            parts.append(torch.nn.functional.cross_entropy(logits, targets[at : at + step], reduction="none"))
    return per_passage(torch.cat(parts).double().cpu().numpy(), passages)
