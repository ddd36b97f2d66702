"""A local network: transformers weights from a folder, taken apart so that every rung can use it."""

import copy
import hashlib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from taskfit.core.errors import ModelError, NotPossible
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, ModelCard
from taskfit.core.text import Text
from taskfit.model.body import Body, body_of, run_body
from taskfit.model.flat import Layout
from taskfit.model.quantized import bits_of
from taskfit.model.soft import SoftBody
from taskfit.model.template import ChatTemplate

PROBE = "One 一 two 二: the quick brown fox jumps over the lazy dog."


@dataclass(frozen=True)
class LocalModel:
    """A network with its tokenizer and renderer. `network` is never trained in place: see `fork`."""

    card: ModelCard
    network: Any
    tokenizer: Any
    template: ChatTemplate
    body: Body
    folder: Path
    remarks: tuple[Text, ...] = ()

    @property
    def head(self) -> Tensor:
        """The language-model head [V, W] of a causal model."""
        weight: Tensor = self.network.get_output_embeddings().weight
        return weight

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.network.parameters()).device
        return device

    def render(self, messages: Sequence[Message], *, answer_next: bool = True, tools: Sequence[str] = ()) -> str:
        """Return the conversation as the text that the model reads; `tools` are schemas as JSON texts."""
        return self.template.render(messages, answer_next=answer_next, tools=tools)

    def encode(self, texts: Sequence[str], *, special: bool = False) -> list[list[int]]:
        """Return the token ids of each text; `special` adds what the tokenizer puts around a plain text.

        Markup tokens inside user text are the caller's concern: rendered templates need them recognised.
        """
        batch = self.tokenizer(list(texts), add_special_tokens=special, return_attention_mask=False, verbose=False)
        ids: list[list[int]] = batch["input_ids"]
        return ids

    def hidden(
        self, rows: Sequence[Sequence[int]], *, start: int = 0, past: Sequence[tuple[Tensor, Tensor]] | None = None
    ) -> tuple[Tensor, Layout]:
        """Return final hidden states [T, W] of the rows as one flat stream, and its layout.

        With a `past` of `start` tokens (keys and values per layer), every row continues it.
        """
        ids, positions, layout = flat_rows(rows, causal=self.body.causal, device=self.device)
        positions, layout = positions + start, replace(layout, past=past)
        with torch.inference_mode():
            return run_body(self.body, ids, positions, layout)[0], layout

    def fork(self, train: Iterable[str] | None = None, *, dtype: torch.dtype | None = None) -> "LocalModel":
        """Return a copy to be trained: weights named in `train` (None = all) are copied, the rest is shared.

        Shared weights are frozen; copied ones require gradients. With `dtype`, all weights are cast (a full copy).
        """
        wanted = None if train is None else set(train)
        if bits := bits_of(self.network) if wanted is None or wanted else None:
            raise NotPossible(
                Text(
                    f"the weights are kept in {bits} bits, which no gradient step can change",
                    f"权重以 {bits} 位存储，无法用梯度更新",
                ),
                todo=Text(
                    "use qlora, or a method that adds weights, or open the model unquantised",
                    "请使用 qlora 或其他添加权重的方法，或以未量化方式打开模型",
                ),
            )
        named = dict(self.network.named_parameters(remove_duplicate=True))
        shared: dict[int, Any] = {id(p): p for name, p in named.items() if wanted is not None and name not in wanted}
        shared |= {id(buffer): buffer for buffer in self.network.buffers()}  # rotary tables, quantised weights
        network = copy.deepcopy(self.network, dict(shared) if dtype is None else {})
        for name, parameter in network.named_parameters():
            if dtype is not None:  # not `network.to`: rotary tables must keep their digits
                parameter.data = parameter.data.to(dtype)
            parameter.requires_grad_(wanted is None or name in wanted)
        return replace(self, network=network, body=body_of(network, self.card.family))

    def generate(self, prompts: Sequence[Sequence[Message]], *, max_tokens: int, meter: Meter) -> list[Generation]:
        """Return the greedy continuation of each conversation, in order."""
        rows = self.encode([self.render(prompt) for prompt in prompts])
        return self.continue_rows(rows, max_tokens=max_tokens, meter=meter)

    def continue_rows(self, rows: Sequence[Sequence[int]], *, max_tokens: int, meter: Meter) -> list[Generation]:
        """Return the greedy continuation of each row of tokens, in order."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        answers: dict[int, Generation] = {}
        with meter.running():
            for part in self._batches(order, rows):
                for index, generation in zip(part, self._generate([rows[i] for i in part], max_tokens), strict=True):
                    answers[index] = generation
        for generation in answers.values():
            tokens = generation.tokens_in + generation.tokens_out
            meter.add(tokens=tokens, flops=2.0 * self.card.parameters * tokens, requests=1)
        return [answers[i] for i in range(len(rows))]

    def _batches(self, order: Sequence[int], rows: Sequence[Sequence[int]]) -> list[list[int]]:
        """Return row numbers in batches of at most 32; of one length each where padding would move trained tokens."""
        together: list[list[int]] = []
        for number in order:
            last = together[-1] if together else []
            alike = last and (not isinstance(self.body, SoftBody) or len(rows[last[0]]) == len(rows[number]))
            if alike and len(last) < 32:
                last.append(number)
            else:
                together.append([number])
        return together

    def _generate(self, rows: Sequence[Sequence[int]], max_tokens: int) -> list[Generation]:
        pad = self.tokenizer.pad_token_id or 0
        longest, ends = max(len(row) for row in rows), self.ends
        ids = torch.tensor([[pad] * (longest - len(row)) + list(row) for row in rows], device=self.device)
        mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=self.device)
        with torch.inference_mode(), warnings.catch_warnings():
            # PEFT says that it makes positions itself: so it shall, and no row of a batch of such a network is padded.
            warnings.filterwarnings("ignore", "Position ids are not supported")
            out = self.network.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=max_tokens,
                do_sample=False,
                pad_token_id=pad,
                eos_token_id=sorted(ends) or None,
            )
        generations = []
        for row, new in zip(rows, out[:, longest:].tolist(), strict=True):
            stop = next((i for i, token in enumerate(new) if token in ends), None)
            kept = new if stop is None else new[:stop]
            text = self.tokenizer.decode(kept, skip_special_tokens=True)
            generations.append(
                Generation(text, len(row), len(kept) + (stop is not None), "length" if stop is None else "stop")
            )
        return generations

    @property
    def ends(self) -> set[int]:
        """The tokens at which an answer ends when the model is asked: end of text, and the template's end of a turn."""
        configured = self.network.generation_config.eos_token_id
        ends = configured if isinstance(configured, list) else [configured]
        mark = self.template.answer_end.strip()
        written = self.encode([mark])[0] if mark else []
        turn = [token for token in written if len(written) == 1 and token in self.tokenizer.added_tokens_decoder]
        return {int(end) for end in [*ends, self.tokenizer.eos_token_id, *turn] if end is not None}


def flat_rows(
    rows: Sequence[Sequence[int]], *, causal: bool, device: torch.device | str = "cpu"
) -> tuple[Tensor, Tensor, Layout]:
    """Return ids [T], positions [T] and the layout of rows laid side by side."""
    ids = torch.tensor([token for row in rows for token in row], device=device)
    positions = torch.cat([torch.arange(len(row), device=device) for row in rows])
    return ids, positions, Layout(tuple(len(row) for row in rows), causal=causal)


def prove_flat(network: Any, body: Body, tokenizer: Any) -> None:
    """Check on a probe that the flat stream gives what transformers' own forward gives; raise ModelError if not.

    Two different rows side by side against each row alone; tolerance 1e-3 of the largest value, far above
    rounding (about 1e-6) and far below any real difference (a wrong position or mask gives about 1).
    """
    rows = [tokenizer(text)["input_ids"][:64] for text in (PROBE, PROBE[9:])]
    if not all(rows):
        raise ModelError(Text("the tokenizer gives no tokens for plain text", "分词器对普通文本没有输出任何 token"))
    ids, positions, layout = flat_rows(rows, causal=body.causal, device=next(network.parameters()).device)
    plain_network = network.base_model if body.causal else network
    with torch.inference_mode():
        ours = run_body(body, ids, positions, layout)[0]
        theirs = torch.cat([plain_network(torch.tensor([row], device=ids.device))[0][0] for row in rows])
    gap = float((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1e-6))
    if not gap < 1e-3:
        raise ModelError(
            Text(
                f"this model does not run correctly without padding (difference {gap:.1e})",
                f"该模型无法以无填充方式正确运行（差异 {gap:.1e}）",
            )
        )


def weights_fingerprint(folder: Path) -> str:
    """Return a hash over the weight and tokenizer files of a model folder (their content, not their dates)."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")) + sorted(folder.glob("*.json")) + sorted(folder.glob("*.jinja")):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
