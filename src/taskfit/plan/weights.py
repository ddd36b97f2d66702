"""Bytes of weights and of what belongs to them through the whole training: copies, masters, optimizer states, caches."""

from taskfit.plan.change import Change, change_of
from taskfit.plan.order import Optimizer, Order
from taskfit.plan.shape import Shape
from taskfit.plan.sizes import PACKED, Packing

BITSANDBYTES: frozenset[Packing] = frozenset({"nf4", "nf4-plain", "int8"})
# Numbers that the optimizer remembers per weight; Adafactor's are counted by row and column.
STATES: dict[Optimizer, float] = {
    "adamw": 2,
    "adamw_8bit": 2,
    "adafactor": 0,
    "sgd": 0,
    "lion": 1,
    "adagrad": 1,
    "rmsprop": 1,
}


def base_bytes(shape: Shape, order: Order) -> float:
    """Return the bytes of the network's own weights; only matrices inside layers are packed."""
    if not order.packed:
        return float(shape.parameters * order.kept)
    longer = order.packed in BITSANDBYTES and order.program.bnb_float32 and order.way != "inference"
    rest = shape.parameters - shape.quantisable
    return shape.quantisable * PACKED[order.packed] + rest * (4 if longer else order.kept)


def state_bytes(shape: Shape, order: Order) -> float:
    """Return the bytes of the optimizer's states: AdamW two numbers per weight, Lion one, Adafactor a row and a column.

    They are float32, except where weights are trained in 16 bits without float32 masters.
    """
    change, (base, added) = change_of(order.way, order.knobs, shape), order.trained
    if order.optimizer == "adafactor":
        return 4.0 * factored(shape, order)
    if order.optimizer == "adamw_8bit":  # a byte per number and a float32 scale per 256 (arXiv:2110.02861)
        return change.trained * 2 * (1 + 4 / 256)
    return STATES[order.optimizer] * (change.base * base + change.added * added)


def factored(shape: Shape, order: Order) -> int:
    """Return the numbers that Adafactor remembers: rows and columns of matrices, all of vectors (arXiv:1804.04235).

    Positions and token types are counted as vectors, and so is what small methods add: an upper bound.
    """
    change = change_of(order.way, order.knobs, shape)
    if change.low:
        return shape.layers * sum(one.inputs + one.outputs + 2 * change.rank for one in change.low)
    if order.way not in ("full", "last_layers"):
        return change.added
    layer = shape.layer - sum(one.weights - one.inputs - one.outputs for one in shape.matrices)
    layers = (shape.layers - change.from_layer) * layer
    if order.way == "last_layers":
        return layers + shape.final_norm
    tables = 1 if shape.tied or shape.encoder else 2
    return layers + tables * (shape.vocabulary + shape.width) + shape.outside


def master_bytes(change: Change, order: Order) -> float:
    """Return the bytes of float32 masters: one for each trained number that is kept in fewer bytes."""
    base, added = order.trained
    return 4.0 * (change.base * (base > order.kept) + change.added * (added > order.added))


def copies_bytes(change: Change, order: Order) -> float:
    """Return what stands beside the network in training: whole copies of modules, the base as opened, the best weights.

    taskfit opens the base in float32 where all weights are trained, casts it to the precision asked for, trains a copy,
    and keeps the best masters by dev score.
    """
    program = order.program
    best = 4.0 * change.trained if program.keeps_best else 0.0
    if not program.keeps_base or not change.base:
        return best + order.kept * change.copied
    cast = order.kept if order.kept < 4 else 0
    opened = (4 + cast) * change.base if order.way == "full" else order.kept * change.base
    return best + opened


def cache_bytes(shape: Shape, tokens: int, number: int) -> int:
    """Return the bytes of keys and values: 2 * layers * width of all key heads * tokens * bytes of a number."""
    return 0 if shape.encoder else 2 * shape.layers * shape.key * tokens * number


def features_bytes(shape: Shape, change: Change, order: Order) -> float:
    """Return the bytes of the frozen layers' output for every token of all rows, which lies in the CPU's memory."""
    if order.place != "cpu" or not 0 < change.from_layer < shape.layers:
        return 0.0
    return float(order.rows * order.length * shape.width * order.kept)


def unpacked_bytes(shape: Shape, order: Order) -> float:
    """Return the bytes of the largest packed matrix as it is unpacked for its product."""
    return float(max(one.weights for one in shape.matrices) * order.computed) if order.packed else 0.0


def cast_bytes(shape: Shape, order: Order) -> float:
    """Return the bytes of the weights as they are computed with, which the backward pass holds under autocast."""
    if order.kept == order.computed or order.packed:
        return 0.0
    head = 0 if shape.encoder else shape.embedding
    return float(order.computed * (shape.quantisable + head))
