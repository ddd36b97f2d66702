"""What a method changes: how many numbers it trains, of which kind, and from which layer upwards gradients flow."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from taskfit.plan.shape import Matrix, Shape

Way = Literal[
    "inference", "full", "last_layers", "head", "lora", "qlora", "adapter", "prefix", "prompt", "p_tuning", "ia3"
]
WAYS: tuple[Way, ...] = get_args(Way)
Form = Literal["houlsby", "pfeiffer"]


@dataclass(frozen=True)
class Knobs:
    """The settings of methods that change memory; each method reads its own."""

    rank: int = 8
    targets: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    layers: int = 2
    size: int | None = None
    form: Form = "pfeiffer"
    tokens: int = 20
    classes: int = 2


@dataclass(frozen=True)
class Change:
    """`base` numbers of the network itself are trained (`copied` of them in copies beside it), `added` are new ones.

    Layers below `from_layer` need no gradients. `read` are the matrices of a layer whose inputs are kept because they,
    or a low-rank matrix beside them, are trained; `low` are those with low-rank matrices of rank `rank`; what `scaled` ones
    give is kept, for it is multiplied by trained factors.
    `front` tokens stand before every row. `head_trained` tells whether the language-model head gets gradients.
    """

    base: int = 0
    added: int = 0
    copied: int = 0
    from_layer: int = 0
    read: tuple[Matrix, ...] = ()
    low: tuple[Matrix, ...] = ()
    scaled: tuple[Matrix, ...] = ()
    rank: int = 0
    front: int = 0
    size: int = 0
    places: int = 0
    norms_trained: bool = False
    head_trained: bool = False

    @property
    def trained(self) -> int:
        """All numbers that the optimizer changes."""
        return self.base + self.added


def change_of(way: Way, knobs: Knobs, shape: Shape) -> Change:
    """Return what the method `way` with its `knobs` changes of a network of this shape."""
    return CHANGES[way](knobs, shape)


def _nothing(knobs: Knobs, shape: Shape) -> Change:  # noqa: ARG001
    return Change(from_layer=shape.layers)


def _full(knobs: Knobs, shape: Shape) -> Change:  # noqa: ARG001
    return Change(base=shape.parameters, read=shape.matrices, norms_trained=True, head_trained=not shape.encoder)


def _last_layers(knobs: Knobs, shape: Shape) -> Change:
    count = min(knobs.layers, shape.layers)
    trained = count * shape.layer + shape.final_norm
    return Change(base=trained, from_layer=shape.layers - count, read=shape.matrices, norms_trained=True)


def _head(knobs: Knobs, shape: Shape) -> Change:
    """A linear head on pooled states: solved by itself, after the network has run once."""
    return Change(added=knobs.classes * (shape.width + 1), from_layer=shape.layers)


def _low_rank(knobs: Knobs, shape: Shape) -> Change:
    """Two matrices [r, inputs] and [outputs, r] beside each target (Hu et al. 2021, arXiv:2106.09685)."""
    low = shape.ending(knobs.targets)
    added = shape.layers * sum(knobs.rank * (one.inputs + one.outputs) for one in low)
    whole = sum(_whole(part, shape) for part in knobs.whole)
    head_trained = any(part in ("head", "lm_head") or shape.tied for part in knobs.whole)
    return Change(added=added, base=whole, copied=whole, read=low, low=low, rank=knobs.rank, head_trained=head_trained)


def _whole(part: str, shape: Shape) -> int:
    return shape.head if part in ("head", "lm_head") else shape.embedding


def _adapter(knobs: Knobs, shape: Shape) -> Change:
    """Down to `size` units and up again, with biases, after one sub-layer or both (arXiv:1902.00751, 2005.00247)."""
    size = knobs.size or max(1, shape.width // 16)
    places = 2 if knobs.form == "houlsby" else 1
    one = 2 * shape.width * size + size + shape.width
    return Change(added=shape.layers * places * one, size=size, places=places)


def _prefix(knobs: Knobs, shape: Shape) -> Change:
    """Keys and values of `tokens` positions in every layer (Li & Liang 2021, arXiv:2101.00190)."""
    return Change(added=2 * knobs.tokens * shape.layers * shape.key, front=knobs.tokens)


def _prompt(knobs: Knobs, shape: Shape) -> Change:
    """`tokens` trained embeddings before every row (Lester et al. 2021, arXiv:2104.08691)."""
    return Change(added=knobs.tokens * shape.width, front=knobs.tokens)


def _p_tuning(knobs: Knobs, shape: Shape) -> Change:
    """Trained embeddings made by a network of three layers as wide as the model (Liu et al. 2021, arXiv:2103.10385)."""
    network = 3 * (shape.width * shape.width + shape.width)
    return Change(added=knobs.tokens * shape.width + network, front=knobs.tokens)


def _ia3(knobs: Knobs, shape: Shape) -> Change:
    """One factor per key, value and inner unit (Liu et al. 2022, arXiv:2205.05638), or per output of the `targets`."""
    if knobs.targets:
        scaled = shape.ending(knobs.targets)
        return Change(added=shape.layers * sum(one.outputs for one in scaled), scaled=scaled)
    keys = shape.ending(("k_proj", "v_proj", "c_attn", "key", "value", "query_key_value", "W_pack"))
    added = shape.layers * (sum(one.outputs for one in keys) + shape.inner)
    return Change(added=added, scaled=keys, read=shape.matrices[-1:])


CHANGES: dict[Way, Callable[[Knobs, Shape], Change]] = {
    "inference": _nothing,
    "full": _full,
    "last_layers": _last_layers,
    "head": _head,
    "lora": _low_rank,
    "qlora": _low_rank,
    "adapter": _adapter,
    "prefix": _prefix,
    "prompt": _prompt,
    "p_tuning": _p_tuning,
    "ia3": _ia3,
}
