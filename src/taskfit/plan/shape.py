"""The shape of a network: its matrices, its vectors, and how many numbers each part has."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Norm = Literal["rms", "layer"]
# What a matrix reads: the stream after a layer's first or second norm, what attention gives, the inner units.
Reads = Literal["first", "second", "mixed", "inner"]


@dataclass(frozen=True)
class Matrix:
    """One linear module of a layer, by the end of its name; `biased` when a vector is added to what it gives."""

    name: str
    inputs: int
    outputs: int
    reads: Reads
    biased: bool = False

    @property
    def weights(self) -> int:
        """Numbers in the matrix itself."""
        return self.inputs * self.outputs

    @property
    def parameters(self) -> int:
        """Numbers in the matrix and its bias."""
        return self.weights + (self.outputs if self.biased else 0)


@dataclass(frozen=True)
class Shape:
    """What a config says of a network.

    `width` of the stream, `inner` units of the feed-forward part; `query` and `key` are the widths of all query heads
    and of all key heads together. `outside` counts what stands around the layers beside embedding and head (positions,
    token types, norms); `vectors` the numbers of a layer that are in no matrix or bias (norms). `saved_inner` is how
    many tensors of `inner` width the activation function keeps for the backward pass.
    """

    name: str
    family: str
    layers: int
    width: int
    inner: int
    heads: int
    query: int
    key: int
    vocabulary: int
    context: int
    matrices: tuple[Matrix, ...]
    vectors: int
    outside: int
    norm: Norm = "rms"
    norms: int = 2
    saved_inner: int = 3
    tied: bool = False
    encoder: bool = False
    head_biased: bool = False

    @property
    def layer(self) -> int:
        """Parameters of one layer."""
        return sum(matrix.parameters for matrix in self.matrices) + self.vectors

    @property
    def embedding(self) -> int:
        """Numbers of the token embedding."""
        return self.vocabulary * self.width

    @property
    def head(self) -> int:
        """Numbers of a language-model head of its own: none where it is the embedding, or where there is none."""
        bias = self.vocabulary if self.head_biased else 0
        return bias if self.tied or self.encoder else self.embedding + bias

    @property
    def quantisable(self) -> int:
        """Numbers that are kept in few bits when the base is quantised: the matrices inside the layers."""
        return self.layers * sum(matrix.weights for matrix in self.matrices)

    @property
    def final_norm(self) -> int:
        """Numbers of the norm above the layers; an encoder has none."""
        return 0 if self.encoder else self.width * (2 if self.norm == "layer" else 1)

    @property
    def parameters(self) -> int:
        """All numbers, each counted once."""
        return self.layers * self.layer + self.embedding + self.head + self.outside

    def ending(self, ends: Iterable[str]) -> tuple[Matrix, ...]:
        """Return the matrices of a layer whose names end with one of `ends`; all of them when there are none."""
        wanted = tuple(ends)
        return tuple(
            one for one in self.matrices if not wanted or any(f".{one.name}".endswith(f".{end}") for end in wanted)
        )
