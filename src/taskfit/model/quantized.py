"""Linear modules whose frozen weights are kept in 4 or 8 bits and unpacked for each product, in plain PyTorch.

4 bits: NF4 in blocks of 64 with doubly quantised scales (Dettmers et al. 2023, arXiv:2305.14314). 8 bits: whole
numbers with one scale per output (Dettmers et al. 2022, arXiv:2208.07339, without its outliers). The values are those
of bitsandbytes. Letters: O outputs, I inputs; W [O, I].
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor, nn

Bits = Literal[4, 8]
BLOCK, SCALES_BLOCK = 64, 256
# The quantiles of a normal distribution that NF4 rounds to (appendix E of the paper).
NF4 = (
    -1.0,
    -0.6961928009986877,
    -0.5250730514526367,
    -0.39491748809814453,
    -0.28444138169288635,
    -0.18477343022823334,
    -0.09105003625154495,
    0.0,
    0.07958029955625534,
    0.16093020141124725,
    0.24611230194568634,
    0.33791524171829224,
    0.44070982933044434,
    0.5626170039176941,
    0.7229568362236023,
    1.0,
)


class Quantized(nn.Linear):
    """A frozen linear module; `weight` is unpacked each time it is read and can never be trained."""

    def __init__(self, weight: Tensor, bias: nn.Parameter | None, bits: Bits):
        nn.Module.__init__(self)  # nn.Linear would make a matrix of full precision
        self.out_features, self.in_features = weight.shape
        self.bits, self.dtype = bits, weight.dtype
        self.bias = bias  # type: ignore[assignment]  # as in nn.Linear, where it may be None
        for name, part in (pack_nf4 if bits == 4 else pack_int8)(weight.float().contiguous()).items():
            self.register_buffer(name, part)

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        """The weights W as they are computed with."""
        parts = dict(self.named_buffers(recurse=False))
        unpack = unpack_nf4 if self.bits == 4 else unpack_int8
        return unpack(parts, self.out_features * self.in_features).view(self.out_features, -1).to(self.dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return x W^T + b."""
        out: Tensor = _Product.apply(x, self)  # type: ignore[no-untyped-call]
        return out


class _Product(torch.autograd.Function):
    """x W^T + b that unpacks W once more for the backward pass instead of keeping it."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, module: Quantized) -> Tensor:
        ctx.module = module
        bias = None if module.bias is None else module.bias.to(x.dtype)
        return nn.functional.linear(x, module.weight.to(x.dtype), bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad @ ctx.module.weight.to(grad.dtype), None


def linear_names(network: nn.Module, layers: nn.ModuleList) -> list[str]:
    """Return full names of all linear modules inside the layers; never a head outside them."""
    from transformers.pytorch_utils import Conv1D

    inside = {id(m) for layer in layers for m in layer.modules() if isinstance(m, (nn.Linear, Conv1D))}
    return [name for name, module in network.named_modules() if id(module) in inside]


def bits_of(network: nn.Module) -> Bits | None:
    """Return in how many bits the network keeps its linear modules, or None when it keeps them whole."""
    return next((module.bits for module in network.modules() if isinstance(module, Quantized)), None)


def quantize(
    network: nn.Module, names: Iterable[str], bits: Bits, told: Callable[[int], None] = lambda _: None
) -> None:
    """Put quantised modules in the place of the named linear modules of `network`; `told` hears how many are done."""
    for done, name in enumerate(names, start=1):
        parent, _, last = name.rpartition(".")
        module: Any = network.get_submodule(name)
        if not isinstance(module, Quantized):
            weight = module.weight.detach()
            matrix = weight if isinstance(module, nn.Linear) else weight.T  # GPT-2's Conv1D keeps [I, O]
            setattr(network.get_submodule(parent), last, Quantized(matrix, module.bias, bits))
        told(done)


def pack_nf4(weight: Tensor) -> dict[str, Tensor]:
    """Return `weight` in 4 bits: `codes` (two per byte, the first in the high half), and the scales in 8 bits."""
    flat = weight.reshape(-1)
    blocks = nn.functional.pad(flat, (0, -flat.numel() % BLOCK)).view(-1, BLOCK)
    largest = blocks.abs().amax(1)
    codes = _nearest(blocks / largest.clamp_min(torch.finfo(largest.dtype).tiny)[:, None], _table(NF4, weight.device))
    codes = codes.view(-1)[: flat.numel() + flat.numel() % 2]
    return {"codes": (codes[0::2] << 4) | codes[1::2]} | _pack_scales(largest)


def unpack_nf4(parts: dict[str, Tensor], count: int) -> Tensor:
    """Return the `count` values that `pack_nf4` stored, flat, in float32."""
    scales = _unpack_scales(parts)
    pairs = nn.functional.embedding(parts["codes"].int(), _pairs(parts["codes"].device)).view(-1)
    blocks = nn.functional.pad(pairs, (0, scales.numel() * BLOCK - pairs.numel())).view(-1, BLOCK)
    return (blocks * scales[:, None]).view(-1)[:count]


def pack_int8(weight: Tensor) -> dict[str, Tensor]:
    """Return `weight` as whole numbers from -127 to 127 with one scale per output."""
    largest = weight.abs().amax(1, keepdim=True)
    codes = torch.round(weight * (127.0 / largest.clamp_min(torch.finfo(largest.dtype).tiny)))
    return {"codes": codes.to(torch.int8), "scales": largest / 127.0}


def unpack_int8(parts: dict[str, Tensor], count: int) -> Tensor:  # noqa: ARG001
    """Return the values that `pack_int8` stored, flat, in float32."""
    return (parts["codes"].float() * parts["scales"]).view(-1)


def bytes_of(module: Quantized) -> int:
    """Return the bytes that the packed weights take."""
    return sum(part.numel() * part.element_size() for part in module.buffers())


def _pack_scales(scales: Tensor) -> dict[str, Tensor]:
    """Scales of blocks, less their mean, in 8 bits by blocks of 256 (section 3 of the paper)."""
    offset = scales.mean()
    rest = scales - offset
    blocks = nn.functional.pad(rest, (0, -rest.numel() % SCALES_BLOCK)).view(-1, SCALES_BLOCK)
    largest = blocks.abs().amax(1)
    codes = _nearest(blocks / largest.clamp_min(torch.finfo(largest.dtype).tiny)[:, None], dynamic_map(scales.device))
    return {"scale_codes": codes.view(-1)[: scales.numel()], "scale_scales": largest, "scale_mean": offset}


def _unpack_scales(parts: dict[str, Tensor]) -> Tensor:
    codes, largest = parts["scale_codes"], parts["scale_scales"]
    values = dynamic_map(codes.device)[codes.int()]
    return values * largest.repeat_interleave(SCALES_BLOCK)[: values.numel()] + parts["scale_mean"]


def _nearest(values: Tensor, table: Tensor) -> Tensor:
    """Return the number of the table's nearest entry for each value; the table rises."""
    return torch.bucketize(values, (table[1:] + table[:-1]) / 2).to(torch.uint8)


# Constants on each device. Made outside of inference mode, so that training can use them too.
@cache
@torch.inference_mode(False)
def _table(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device)


@cache
@torch.inference_mode(False)
def _pairs(device: torch.device) -> Tensor:
    """The two values of each byte, [256, 2]."""
    table, byte = _table(NF4, device), torch.arange(256, device=device)
    return torch.stack([table[byte >> 4], table[byte & 15]], 1)


@cache
@torch.inference_mode(False)
def dynamic_map(device: torch.device) -> Tensor:
    """Return the 256 values of the dynamic 8-bit type: a sign, an exponent in unary, a fraction (arXiv:1511.04561)."""
    values = [0.0, 1.0]
    for exponent in range(7):
        edges = torch.linspace(0.1, 1, 2**exponent + 1, dtype=torch.float32)
        means = ((edges[:-1] + edges[1:]) / 2 * 10.0 ** (exponent - 6)).tolist()
        values += means + [-mean for mean in means]
    return torch.tensor(sorted(values), device=device)
