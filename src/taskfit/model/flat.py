"""Attention over a flat stream of tokens: several sequences side by side, no padding.

The stream runs through transformers' own layers as a batch of one; only attention knows where a sequence
begins and ends. Letters: T tokens of the stream, H query heads, K key heads, G = H / K, D head width,
n tokens of one sequence, P tokens of a shared past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

FLAT = "taskfit_flat"
# Above this length, and on a GPU, the n x n table of the explicit form costs more than PyTorch's fused kernel.
LONGEST_EXPLICIT = 1024


@dataclass
class Layout:
    """Where the sequences of a flat stream lie, and what each token may look at.

    `lengths` are the tokens per sequence. `trees` replaces the causal rule by one additive mask [n, n] per
    sequence. `past` holds, per layer, keys and values [K, P, D] that every token may look at; with
    `record` the layers' new keys and values are kept in `seen` instead. With `shared`, the first sequence is a
    prefix that all others look at too: they continue it, as if each had its tokens before its own. `soft` holds, per
    layer, trained keys and values [K, S, D] that stand before everything else and get gradients. `keep` holds the places
    of the stream that are wanted after the last layer, in order (None: all): what only other places need is not computed.
    """

    lengths: tuple[int, ...]
    causal: bool = True
    trees: Sequence[Tensor] | None = None
    past: Sequence[tuple[Tensor, Tensor]] | None = None
    record: bool = False
    shared: bool = False
    soft: Mapping[int, tuple[Tensor, Tensor]] | None = None
    keep: Tensor | None = None
    seen: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each sequence in the stream."""
        spans, start = [], 0
        for length in self.lengths:
            spans.append((start, start + length))
            start += length
        return spans


@dataclass(frozen=True)
class Rule:
    """How a layer attends: the layout, the scale of the products, dropout on the shares, trained tokens in front."""

    layout: Layout
    scale: float
    dropout: float = 0.0
    soft: int = 0


def register() -> None:
    """Make the flat attention known to transformers under the name FLAT; calls without a layout run as SDPA."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(FLAT, flat_attention)
    AttentionMaskInterface.register(FLAT, sdpa_mask)


def flat_attention(
    module: Any,
    query: Tensor,  # [1, H, T, D]
    key: Tensor,  # [1, K, T, D]
    value: Tensor,
    attention_mask: Tensor | None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Return attention [1, T, H, D], in the calling convention of transformers."""
    layout: Layout | None = options.pop("flat", None)
    if layout is None:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        output, _ = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return output, None
    rule = Rule(layout, options.get("scaling") or query.shape[-1] ** -0.5, float(options.get("dropout") or 0.0))
    q, k, v = query[0], key[0], value[0]
    if layout.record:
        layout.seen[int(module.layer_idx)] = (k.contiguous(), v.contiguous())
    soft = None if layout.soft is None else layout.soft[int(module.layer_idx)]
    if layout.past is not None:
        past_keys, past_values = layout.past[int(module.layer_idx)]
        if soft is not None:
            past_keys, past_values = _behind(soft, past_keys, past_values)
        return _attend_past(q, k, v, rule, (past_keys, past_values))[None], None
    if soft is not None:
        k, v = _behind(soft, k, v)
        rule = replace(rule, soft=soft[0].shape[1])
    short = q.device.type == "cpu" and max(layout.lengths) <= LONGEST_EXPLICIT
    if layout.trees is not None or layout.shared or short:
        out: Tensor = _Attention.apply(q, k, v, rule)  # type: ignore[no-untyped-call]
        return out[None], None
    return _attend_long(q, k, v, rule)[None], None


def _behind(soft: tuple[Tensor, Tensor], keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
    """Return keys and values [K, S + T, D] with the trained ones in front."""
    return torch.cat([soft[0].to(keys), keys], 1), torch.cat([soft[1].to(values), values], 1)


def _attend_long(q: Tensor, k: Tensor, v: Tensor, rule: Rule) -> Tensor:
    layout, soft = rule.layout, rule.soft
    grouped = q.shape[0] != k.shape[0]
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            q[None, :, a:b],
            _seen(k, (a, b), soft, soft)[None],
            _seen(v, (a, b), soft, soft)[None],
            attn_mask=_sees(b - a, soft, q) if soft and layout.causal else None,
            dropout_p=rule.dropout,
            is_causal=layout.causal and not soft,
            scale=rule.scale,
            enable_gqa=grouped,
        )[0].transpose(0, 1)
        for a, b in layout.spans
    ]
    return torch.cat(parts)


def _sees(n: int, soft: int, like: Tensor) -> Tensor:
    """Which of the S + n keys each of n tokens looks at: the trained ones, those before it, and itself."""
    return torch.ones(n, soft + n, dtype=torch.bool, device=like.device).tril_(soft)


def _causal(n: int, like: Tensor) -> Tensor:
    return torch.full((n, n), float("-inf"), dtype=like.dtype, device=like.device).triu_(1)


def _before(index: int, rule: Rule) -> int:
    """Return how many keys stand before those of sequence `index` itself: trained ones, and a shared prefix."""
    return rule.soft + (rule.layout.lengths[0] if rule.layout.shared and index else 0)


def _seen(x: Tensor, span: tuple[int, int], before: int, soft: int) -> Tensor:
    """Return the part of keys or values [K, S + T, D] that a sequence sees: what stands before it, and itself."""
    own = x[:, soft + span[0] : soft + span[1]]
    return torch.cat([x[:, :before], own], 1) if before else own


def _mask(index: int, n: int, layout: Layout, ready: dict[int, Tensor], like: Tensor) -> Tensor | None:
    if layout.trees is not None:
        return layout.trees[index].to(like)
    if not layout.causal:
        return None
    if n not in ready:
        ready[n] = _causal(n, like)
    return ready[n]


def _grouped(x: Tensor, keys: int) -> Tensor:
    """[H, n, D] -> [K, G * n, D], so that the G query heads of one key head share one product."""
    heads, n, width = x.shape
    return x.reshape(keys, heads // keys * n, width)


class _Attention(torch.autograd.Function):
    """softmax(q k^T * scale + mask) v per sequence, with its own backward.

    On a CPU and for short sequences five plain matrix products are several times faster than the
    fused kernel's backward; `n x n` probabilities are kept for the backward pass.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, rule: Rule) -> Tensor:
        layout, dropout, soft = rule.layout, rule.dropout, rule.soft
        heads, total, width = q.shape
        keys = k.shape[0]
        out = q.new_empty(total, heads, width)
        kept: list[Tensor] = []
        drops: list[Tensor] = []
        ready: dict[int, Tensor] = {}
        for index, (a, b) in enumerate(layout.spans):
            n, before = b - a, _before(index, rule)
            table = torch.bmm(_grouped(q[:, a:b], keys), _seen(k, (a, b), before, soft).transpose(1, 2))
            table = table.view(heads, n, before + n).mul_(rule.scale)
            mask = _mask(index, n, layout, ready, q)
            if mask is not None:
                table[:, :, before:] += mask
            shares = torch.softmax(table, -1)
            used = shares
            if dropout:
                drop = torch.empty_like(shares).bernoulli_(1 - dropout).div_(1 - dropout)
                drops.append(drop)
                used = shares * drop
            mixed = torch.bmm(used.view(keys, -1, before + n), _seen(v, (a, b), before, soft))
            out[a:b] = mixed.view(heads, n, width).transpose(0, 1)
            kept.append(shares)
        ctx.save_for_backward(q, k, v, *kept, *drops)
        ctx.rule = rule
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        q, k, v, *tables = ctx.saved_tensors
        rule: Rule = ctx.rule
        layout, spans, soft = rule.layout, rule.layout.spans, rule.soft
        keys, heads, width = k.shape[0], q.shape[0], q.shape[2]
        # Written token-first, as the projections before attention will read them.
        dq, dk, dv = (x.new_empty(x.shape[1], x.shape[0], width) for x in (q, k, v))
        # What sequences send back to what they share adds up in float32.
        front = q.new_zeros(2, _before(1, rule), keys, width, dtype=torch.float32)
        for index, (a, b) in enumerate(spans):
            n, before = b - a, _before(index, rule)
            seen = before + n
            shares = tables[index]
            drop = tables[len(spans) + index] if len(tables) > len(spans) else None
            g = _grouped(grad[a:b].transpose(0, 1), keys)  # [K, G n, D]
            used = shares if drop is None else shares * drop
            back_v = torch.bmm(used.view(keys, -1, seen).transpose(1, 2), g).transpose(0, 1)
            d = torch.bmm(g, _seen(v, (a, b), before, soft).transpose(1, 2)).view(heads, n, seen)
            if drop is not None:
                d *= drop
            # d softmax: s * (d - sum(s * d))
            d = torch.mul(d, shares, out=d)
            d -= shares * d.sum(-1, keepdim=True)
            d = d.mul_(rule.scale).view(keys, -1, seen)
            dq[a:b] = torch.bmm(d, _seen(k, (a, b), before, soft)).view(heads, n, width).transpose(0, 1)
            back_k = torch.bmm(d.transpose(1, 2), _grouped(q[:, a:b], keys)).transpose(0, 1)
            dk[soft + a : soft + b], dv[soft + a : soft + b] = back_k[before:], back_v[before:]
            if before:
                front[0, :before] += back_k[:before]
                front[1, :before] += back_v[:before]
        for gradient, part in ((dk, front[0]), (dv, front[1])):
            gradient[:soft] = part[:soft]
            if layout.shared:
                gradient[soft : soft + layout.lengths[0]] += part[soft:]
        return dq.transpose(0, 1), dk.transpose(0, 1), dv.transpose(0, 1), None


def _attend_past(q: Tensor, k: Tensor, v: Tensor, rule: Rule, past_kv: tuple[Tensor, Tensor]) -> Tensor:
    """Attention of each sequence to a shared past [K, P, D] and to itself; for scoring only (no gradient)."""
    layout, (past_keys, past_values) = rule.layout, past_kv
    heads, total, width = q.shape
    keys, past = past_keys.shape[:2]
    longest = max(layout.lengths)
    all_keys = torch.cat([past_keys, past_keys.new_empty(keys, longest, width)], 1)
    all_values = torch.cat([past_values, past_values.new_empty(keys, longest, width)], 1)
    out = q.new_empty(total, heads, width)
    ready: dict[int, Tensor] = {}
    for index, (a, b) in enumerate(layout.spans):
        n = b - a
        all_keys[:, past : past + n] = k[:, a:b]
        all_values[:, past : past + n] = v[:, a:b]
        table = torch.bmm(_grouped(q[:, a:b], keys), all_keys[:, : past + n].transpose(1, 2))
        table = table.view(heads, n, past + n).mul_(rule.scale)
        mask = _mask(index, n, layout, ready, q)
        if mask is not None:
            table[:, :, past:] += mask
        shares = torch.softmax(table, -1).view(keys, -1, past + n)
        out[a:b] = torch.bmm(shares, all_values[:, : past + n]).view(heads, n, width).transpose(0, 1)
    return out
