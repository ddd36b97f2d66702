"""The planner: bytes by part at the moment when most are needed. Pure functions of a shape and an order.

A step has four moments that can be its peak, and each part exists at some of them:

    backward begins   all that the layers keep, and the logits
    a layer again     the kept values, and one layer's values once more with their gradients
    backward ends     all gradients, and the last layer's values
    the step          all gradients, and what the optimizer needs besides

Weights, masters, optimizer states and copies exist at all of them. The prediction is the largest of the four sums;
where devices share weights that each of them has opened first, the sharing out is a fifth, and so is the opening where
whole weights are read and then packed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from taskfit.plan.activations import Pass, kept_by_layer, loss_bytes, passing
from taskfit.plan.change import Change, change_of
from taskfit.plan.order import Order
from taskfit.plan.shape import Shape
from taskfit.plan.weights import (
    base_bytes,
    cache_bytes,
    cast_bytes,
    copies_bytes,
    features_bytes,
    master_bytes,
    state_bytes,
    unpacked_bytes,
)

Part = Literal[
    "weights",
    "copies",
    "adapters",
    "masters",
    "optimizer",
    "gradients",
    "step",
    "activations",
    "logits",
    "cache",
    "overhead",
]
PARTS: tuple[Part, ...] = get_args(Part)
Moment = Literal[
    "opening", "sharing out", "backward begins", "a layer again", "backward ends", "the step", "reading", "writing"
]
Parts = dict[Part, float]
COMES_AND_GOES: frozenset[Part] = frozenset({"activations", "logits"})

AT_ONCE = 8192  # tokens that taskfit computes at once; a larger step is cut into pieces
FEATURES_AT_ONCE = 4096  # tokens for which taskfit computes frozen features at once


@dataclass(frozen=True)
class Constants:
    """What no equation gives; all of it was measured or fitted once, see docs/memory.md.

    `context`: bytes on a GPU that no tensor explains, the CUDA context and the workspaces of libraries. `imports`:
    resident bytes of a process that has imported torch, transformers and peft. `slack`: what PyTorch's allocator holds
    over what tensors need, for tensors that come and go: sizes are rounded, free blocks lie apart. `slack_varied`: the
    same where every batch has another length, and blocks of old sizes stay beside new ones until the card is full.
    """

    context: float = 0.6e9
    imports: float = 0.6e9
    slack: float = 1.1
    slack_varied: float = 2.1


CONSTANTS = Constants()


@dataclass(frozen=True)
class Estimate:
    """Bytes of one device at the peak, by part, and which moment the peak is; `moments` has the sum at each."""

    parts: Mapping[Part, float]
    moment: Moment
    moments: Mapping[Moment, float]
    parameters: int
    trained: int

    @property
    def total(self) -> float:
        """All parts together."""
        return sum(self.parts.values())


def estimate(shape: Shape, order: Order, constants: Constants = CONSTANTS) -> Estimate:
    """Return what the order needs for a network of this shape."""
    change = change_of(order.way, order.knobs, shape)
    order = _in_pieces(order)
    if order.way == "inference":
        moments: dict[Moment, Parts] = {"writing": _writing(shape, order, _overhead(order, constants))}
    else:
        moments = _training(shape, order, change, _overhead(order, constants))
    slack = _slack(order, constants)
    found = _largest(moments, slack)
    if order.varied and order.card and _sum(moments[found], slack) > order.card:
        # A full card makes the allocator give back what it does not need.
        still, moving = _sum(moments[found], 0.0), _sum(moments[found], 1.0) - _sum(moments[found], 0.0)
        slack = max(constants.slack, (order.card - still) / moving)
        found = _largest(moments, slack)
    parts = {part: count * (slack if part in COMES_AND_GOES else 1.0) for part, count in moments[found].items()}
    totals = {moment: _sum(each, slack) for moment, each in moments.items()}
    return Estimate(parts, found, totals, shape.parameters, change.trained)


def _largest(moments: Mapping[Moment, Parts], slack: float) -> Moment:
    return max(moments, key=lambda moment: _sum(moments[moment], slack))


def _sum(parts: Parts, slack: float) -> float:
    return sum(count * (slack if part in COMES_AND_GOES else 1.0) for part, count in parts.items())


def _slack(order: Order, constants: Constants) -> float:
    if order.counted == "allocated" or order.place == "cpu":  # the C library gives large blocks as they are asked for
        return 1.0
    return constants.slack_varied if order.varied else constants.slack


def _in_pieces(order: Order) -> Order:
    """taskfit cuts a step into pieces of 8,192 tokens by itself, so gradients wait for more of them."""
    if order.framework != "taskfit" or order.way == "inference" or order.batch * order.length <= AT_ONCE:
        return order
    return replace(order, accumulation=order.batch > 1 or order.accumulation)


def _overhead(order: Order, constants: Constants) -> float:
    if order.counted != "all":
        return 0.0
    return constants.imports if order.place == "cpu" else constants.context


def _training(shape: Shape, order: Order, change: Change, overhead: float) -> dict[Moment, Parts]:
    """Return the parts at each moment of a step, before slack."""
    still: Parts = {
        "weights": base_bytes(shape, order) / order.share_of_weights,
        "copies": copies_bytes(change, order),
        "adapters": float(order.added * change.added),
        "masters": master_bytes(change, order) / order.share_of_optimizer,
        "optimizer": state_bytes(shape, order) / order.share_of_optimizer,
        "cache": features_bytes(shape, change, order),
        "overhead": overhead + order.program.buffers,
    }
    if change.from_layer >= shape.layers:  # nothing needs gradients: frozen features are read once
        return {"reading": still | {"activations": _forward(shape, order)}}
    moments: dict[Moment, Parts] = {moment: still | parts for moment, parts in _moving(shape, order, change).items()}
    if order.packed and order.framework == "taskfit" and order.place == "cpu":  # whole weights are read, then packed
        opened = float(shape.parameters * order.kept)
        moments["opening"] = {"weights": opened, "overhead": still["overhead"]}
    if order.program.whole_first and order.share_of_weights > 1:
        whole = base_bytes(shape, order)
        shares = whole / order.devices
        moments["sharing out"] = {"weights": whole, "activations": shares, "overhead": still["overhead"]}
    return moments


def _moving(shape: Shape, order: Order, change: Change) -> dict[Moment, Parts]:
    """Return the parts that come and go, moment by moment, before slack."""
    program, work = order.program, _pass(order)
    base, added = order.trained
    short = (change.base * order.kept + change.added * order.added) / order.share_of_gradients
    final = (change.base * base + change.added * added) / order.share_of_gradients
    values = kept_by_layer(shape, change, program, work)
    moving = passing(shape, work) if program.ledger else values
    layer = values + moving + unpacked_bytes(shape, order)
    stream = float(order.computed * shape.width * work.tokens)
    count = shape.layers - change.from_layer
    kept = count * (stream if order.checkpointing else values) + cast_bytes(shape, order)
    # Kept beside the layer that is gone through, whose values are among them unless they are made again.
    others = kept - (values if program.ledger and not order.checkpointing else 0.0)
    table = float(order.kept * shape.embedding) if change.head_trained else 0.0  # a gradient of the head
    waiting = short if order.accumulation else 0.0
    logits = loss_bytes(shape, change, program, work)
    return {
        "backward begins": {"gradients": waiting, "activations": kept + 2 * stream, "logits": logits},
        "a layer again": {"gradients": waiting or table, "activations": others + layer},
        # The embedding's gradient stands beside the head's, where they are one matrix, until it is added to it.
        "backward ends": {"gradients": short, "activations": max(layer, 2 * stream + table)},
        "the step": {
            "gradients": short + final if program.float32_gradients else final,
            "step": program.step_copies * final,
        },
    }


def _pass(order: Order) -> Pass:
    on_cpu, packed = order.place == "cpu", bool(order.packed)
    most = max(1.0, AT_ONCE / order.length) if order.framework == "taskfit" else order.batch
    return Pass(min(order.batch, most), order.length, order.computed, order.attention, on_cpu, packed)


def _forward(shape: Shape, order: Order) -> float:
    """Return the bytes of one layer's values while it runs without gradients, for the tokens read at once."""
    tokens = max(order.length, FEATURES_AT_ONCE)
    return float(order.computed * tokens * (4 * shape.width + shape.query + 2 * shape.key + 3 * shape.inner))


def _writing(shape: Shape, order: Order, overhead: float) -> Parts:
    """Return what answers need: weights, keys and values of all tokens, logits of the last token of each row."""
    tokens, p = order.batch * order.length, order.computed
    return {
        "weights": base_bytes(shape, order) / order.share_of_weights,
        "cache": float(cache_bytes(shape, tokens, p)),
        "activations": p * (4 * shape.width + 2 * shape.inner) * order.batch + unpacked_bytes(shape, order),
        "logits": float((p + 4) * order.batch * (0 if shape.encoder else shape.vocabulary)),
        "overhead": overhead,
    }
