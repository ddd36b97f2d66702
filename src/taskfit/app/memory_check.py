"""Before a model is loaded: whether the training asked for will fit into this machine, and what would."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from taskfit.core.errors import ModelError
from taskfit.core.text import Text
from taskfit.plan.change import WAYS, Knobs, Way
from taskfit.plan.fits import fits
from taskfit.plan.order import Order, Place
from taskfit.plan.planner import estimate
from taskfit.plan.read import read_shape
from taskfit.plan.room import room_on_cpu, room_on_gpu
from taskfit.plan.shape import Shape
from taskfit.plan.sizes import show_size

# Methods by what they do to the weights, where the planner calls it by another name.
ASKING = frozenset({"zero_shot", "few_shot", "knn_shot"})


@dataclass(frozen=True)
class Expected:
    """Bytes that a training needs and bytes that are here; `warning` says so when it will not fit, with what would."""

    needs: float
    room: float | None
    warning: Text | None


def expected(
    model: str, method: str, settings: Mapping[str, Any], *, length: int, rows: int = 0, device: str = "cpu"
) -> Expected | None:
    """Return what training `method` (with its settings as a file gives them) will need, before anything is loaded.

    `length` is the longest row in tokens, `rows` how many rows there are, `device` "cpu" or "cuda". None where the
    model's shape is not known, which is no mistake of the user.
    """
    try:
        shape = read_shape(model)
    except ModelError:
        return None
    place: Place = "cpu" if device == "cpu" else "gpu"
    order = order_for(method, settings, length=length, rows=rows, place=place)
    here = room_on_cpu() if place == "cpu" else room_on_gpu()
    needs = estimate(shape, order).total
    if here is None or fits(shape, order, here):
        return Expected(needs, here, None)
    return Expected(needs, here, _warning(shape, order, here))


def order_for(method: str, settings: Mapping[str, Any], *, length: int, rows: int, place: Place) -> Order:
    """Return the order that a method's settings stand for; what the planner does not know is taken as full training."""
    weights = settings.get("weights", method)
    name, own = _named(weights)
    told = {**settings, **own}
    way: Way = "inference" if name in ASKING else next((one for one in WAYS if one == name), "full")
    if way == "lora" and told.get("bits"):
        way = "qlora"
    batch, pieces = int(told.get("batch") or 16), int(told.get("accumulation") or 1)
    known: dict[str, Any] = {key: told[key] for key in ("size", "form", "tokens") if told.get(key) is not None}
    knobs = Knobs(
        rank=int(told.get("r") or 8),
        targets=tuple(told.get("targets") or ()),
        whole=tuple("head" if "head" in str(one) else "embedding" for one in told.get("whole") or ()),
        layers=_layers(told),
        **known,
    )
    return Order(
        way,
        knobs,
        batch=max(1, batch // pieces),
        accumulation=pieces > 1,
        length=length,
        precision=told.get("precision") or "float32",
        packing="int8" if told.get("bits") == 8 else "",
        checkpointing=bool(told.get("gradient_checkpointing", False)),
        optimizer=told.get("optimizer") or "adamw",
        rows=rows,
        place=place,
    )


def _layers(told: Mapping[str, Any]) -> int:
    """Return how many of the last layers need gradients; chosen and first layers need them from the lowest on."""
    layers = int(told.get("layers") or 2)
    return layers if layers > 0 and not (told.get("chosen") or told.get("share") or told.get("matching")) else 10**6


def _named(weights: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(weights, Mapping) and len(weights) == 1:
        ((name, own),) = weights.items()
        return str(name), own if isinstance(own, Mapping) else {}
    return str(weights), {}


def _warning(shape: Shape, order: Order, room: float) -> Text:
    needs, here = show_size(estimate(shape, order).total), show_size(room)
    instead = next((one for one in _instead(order) if fits(shape, one.order, room)), None)
    head = Text(f"needs about {needs}, {here} are free here", f"约需 {needs}，此处可用 {here}")
    if instead is None:
        return Text(
            f"{head.en}; nothing that the planner knows makes it fit: use a smaller model",
            f"{head.zh}；没有已知的办法能放下：请使用更小的模型",
        )
    less = show_size(estimate(shape, instead.order).total)
    return Text(f"{head.en}; {instead.name.en} needs about {less}", f"{head.zh}；{instead.name.zh} 约需 {less}")


@dataclass(frozen=True)
class _Instead:
    name: Text
    order: Order


def _instead(order: Order) -> tuple[_Instead, ...]:
    """Return what else could be asked for, from the smallest change to the largest."""
    again = replace(order, checkpointing=True)
    alone = replace(again, batch=1, accumulation=True)
    short = replace(alone, precision="bfloat16")
    named = (
        (Text("gradient_checkpointing: true", "gradient_checkpointing: true"), again),
        (Text("one row at a time (accumulation)", "逐行计算（accumulation）"), alone),
        (Text("precision: bfloat16, one row at a time", "precision: bfloat16 且逐行计算"), short),
        (Text("method lora", "方法 lora"), replace(short, way="lora")),
        (Text("method qlora", "方法 qlora"), replace(short, way="qlora")),
        (Text("method head", "方法 head"), replace(short, way="head")),
    )
    return tuple(_Instead(name, one) for name, one in named)
