"""What the forward pass leaves for the backward pass, counted tensor by tensor.

Letters: N tokens computed at once, n tokens of one row, p bytes of a number, h width, q and k widths of all query and
all key heads, a heads, f inner units, r rank. All counts are bytes per token of one layer unless they say otherwise.
The counting follows Korthikanti et al. 2022 (arXiv:2205.05198, section 4), redone for RMS norms in float32, rotary
positions, grouped keys, gated units and frozen weights, whose inputs need not be kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from taskfit.plan.change import Change
from taskfit.plan.framework import Framework, logit_bytes
from taskfit.plan.shape import Matrix, Shape

Attention = Literal["flash", "eager"]
LONGEST_EXPLICIT = 1024  # taskfit on a CPU: longer rows use PyTorch's fused kernel
CHUNK, CHUNK_CPU = 1024, 256  # label positions for which taskfit has logits at once


@dataclass(frozen=True)
class Pass:
    """What is computed at once: `rows` rows (or a share of them) of `length` tokens, in numbers of `number` bytes."""

    rows: float
    length: int
    number: int
    attention: Attention
    on_cpu: bool = False
    packed: bool = False

    @property
    def tokens(self) -> float:
        """Tokens computed at once."""
        return self.rows * self.length


def kept_by_layer(shape: Shape, change: Change, framework: Framework, work: Pass) -> float:
    """Return the bytes that one layer keeps for the backward pass, for all tokens of the pass.

    norms: an RMS norm computes in float32 and keeps that copy of its input, 4h (and p h more for its weight where it is
    trained); a LayerNorm keeps its input, p h. Attention: q, k, v and its output, p (2q + 2k), and 4a for flash
    attention's sums. Units: `saved_inner` tensors, p f each. Inputs of trained matrices: see `_inputs`.
    """
    p, h = work.number, shape.width
    trained_norm = p * h if change.norms_trained else 0
    norms = shape.norms * ((4 if shape.norm == "rms" else p) * h + (trained_norm if shape.norm == "rms" else 0))
    attention = p * (2 * shape.query + 2 * shape.key)
    units = p * shape.saved_inner * shape.inner
    per_token = norms + attention + units + _inputs(shape, change, framework, work)
    per_token += p * sum(one.outputs for one in change.scaled)
    per_token += change.places * (4 * h + 3 * 4 * change.size)  # bottleneck adapters: float32 input, down, bent
    return per_token * work.tokens + table(shape, work, change.front)


def _inputs(shape: Shape, change: Change, framework: Framework, work: Pass) -> float:
    """Return the bytes per token of inputs kept for trained matrices.

    A matrix that is trained itself, and LoRA in taskfit, keep the input as it is: once, however many read it. PEFT's
    LoRA modules each keep their own: cast to the adapter's float32, and after dropout (with a byte per number of mask).
    What attention gives is kept by attention already.
    """
    p = work.number
    own = 4 if framework.adapter_float32 else p
    if change.low and not framework.shares_inputs:
        mask = 1 if framework.dropout else 0
        apart = framework.dropout or own != p
        copies = sum((own + mask) * one.inputs for one in change.low) if apart else _once(change.read, p)
        copies += own * change.rank * len(change.low)
    else:
        copies = _once(change.read, p) + p * change.rank * len(change.low)
    if work.packed and framework.packed_reads:
        copies += _once(shape.matrices, p)
    return copies


def _once(read: Iterable[Matrix], p: int) -> float:
    return float(p * sum({one.reads: one.inputs for one in read if one.reads != "mixed"}.values()))


def table(shape: Shape, work: Pass, front: int = 0) -> float:
    """Return the bytes of one layer's attention weights [a, n, n + front] that are kept, for all rows.

    Flash attention keeps one float32 sum per head and token. Eager attention keeps the softmax in float32 and, in
    16 bits, once more in the numbers it goes on with; repeated keys and values for grouped queries come on top.
    taskfit on a CPU keeps one table up to 1,024 tokens.
    """
    seen = work.length + front
    whole = float(work.rows * shape.heads * work.length * seen)
    if work.on_cpu:
        return whole * work.number if work.length <= LONGEST_EXPLICIT else 4.0 * shape.heads * work.tokens
    if work.attention == "flash":
        return 4.0 * shape.heads * work.tokens
    repeated = 2.0 * work.number * (shape.query - shape.key) * work.tokens
    return whole * (work.number + (4 if work.number < 4 else 0)) + repeated


def passing(shape: Shape, work: Pass) -> float:
    """Return the bytes of gradients on their way where a layer's backward pass is widest, beyond what was kept.

    That is at the units: the gradient of what they give has taken the place of the kept value, and one more stands for
    each tensor that was multiplied or bent (two where a gate is multiplied, Shazeer 2020, arXiv:2002.05202). Explicit
    attention makes a table for a gradient as well; taskfit on a CPU makes it row by row.
    """
    units = float(work.number * max(1, shape.saved_inner - 1) * shape.inner * work.tokens)
    explicit = work.attention == "eager" and not work.on_cpu
    return max(units, table(shape, work)) if explicit else units


def loss_bytes(shape: Shape, change: Change, framework: Framework, work: Pass) -> float:
    """Return the bytes of the logits and what is made of them, when the backward pass begins.

    In chunks: one chunk's logits, in whose place their gradients come (16-bit ones stand there in float32 as well), and
    the head's gradient where it is trained; later that gradient and its product with the incoming one.
    """
    if shape.encoder:
        return 0.0
    if framework.loss == "chunks":
        most = CHUNK_CPU if work.on_cpu else CHUNK
        chunk = min(work.tokens, most) * shape.vocabulary * (work.number + (4 if work.number < 4 else 0))
        head = work.number * shape.embedding if change.head_trained else 0
        return float(max(chunk + head, 2 * head))
    return float(logit_bytes(framework.loss, work.number) * shape.vocabulary * work.tokens)
