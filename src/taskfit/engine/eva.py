"""LoRA that starts from what the rows make of the base (Paischer et al. 2024, arXiv:2410.07170).

A holds the first r principal directions of what its module reads, B is zero: nothing is added at the start, and the
first gradients lie where the inputs vary most. Every module keeps rank r; the paper also moves rank between modules.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from taskfit.core.errors import NotPossible
from taskfit.core.text import Text
from taskfit.engine.learner import Learner
from taskfit.engine.order import pieces_by_tokens

AT_ONCE = 4096  # tokens run at once
MOST_ROWS = 512
TAU = 0.99  # directions whose cosine with those of the piece before is above this stand still (section 3.2)
SKETCHED_FROM = 512  # tokens or widths; smaller inputs are decomposed exactly
SEED = 42  # of the sketch by which large inputs are decomposed


@torch.no_grad()
def begin_eva(learner: Learner, network: nn.Module) -> None:
    """Put the directions into the A matrices of `network`, which the learner trains; raise NotPossible for too few tokens.

    Runs the first rows, at most 512, until the directions stand still.
    """
    from peft.tuners.lora import LoraLayer

    modules = {name: one for name, one in network.named_modules() if isinstance(one, LoraLayer)}
    inputs = _Inputs({})
    learner.mode(training=False)
    rows = range(min(learner.rows, MOST_ROWS))
    with inputs.watching(modules):
        for piece in pieces_by_tokens(rows, learner.tokens, AT_ONCE):
            learner.loss(piece, 1.0)
            if inputs.still:
                break
    for name, module in modules.items():
        a: Tensor = module.lora_A["default"].weight
        a.copy_(inputs.found[name].directions(name))


@dataclass
class _Directions:
    """The principal directions of what one module (or several that read the same) has read so far."""

    r: int
    pca: Any = None
    still: bool = False

    def see(self, x: Tensor) -> None:
        """Take in the states [1, T, I] or [T, I] of one piece; fewer than r are passed over."""
        from peft.utils.incremental_pca import IncrementalPCA

        states = x.reshape(-1, x.shape[-1]).float()
        if self.still or len(states) < self.r:
            return
        if self.pca is None:
            # A sketch of 2r directions, as PEFT always makes it, is far cheaper where there are many more.
            sketched = min(states.shape) >= max(SKETCHED_FROM, 8 * self.r)
            self.pca = IncrementalPCA(self.r, lowrank=sketched, lowrank_seed=SEED)
            self.pca.partial_fit(states)
            return
        before = self.pca.components_
        self.pca.partial_fit(states)
        alike = torch.cosine_similarity(before, self.pca.components_)
        self.still = bool((alike >= TAU).all())

    def directions(self, name: str) -> Tensor:
        """Return the directions [r, I] that were found."""
        if self.pca is None:
            raise NotPossible(
                Text(
                    f"start: eva needs {self.r} tokens at once before {name}, and the rows have fewer",
                    f"start: eva 在 {name} 处一次需要 {self.r} 个 token，而数据没有这么多",
                ),
                todo=Text("give more rows, or a smaller r", "请提供更多数据，或减小 r"),
            )
        found: Tensor = self.pca.components_
        return found


@dataclass
class _Inputs:
    """What each module reads, by its name; modules that read one tensor (q, k, v) share what is found."""

    found: dict[str, _Directions]
    last: Tensor | None = None
    leader: str = ""

    @property
    def still(self) -> bool:
        """Whether all directions stand still."""
        return bool(self.found) and all(one.still for one in self.found.values())

    @contextmanager
    def watching(self, modules: dict[str, Any]) -> Iterator[None]:
        """See what the modules read within the block."""
        hooks = [one.register_forward_pre_hook(self._hook(name)) for name, one in modules.items()]
        try:
            yield
        finally:
            self.last = None
            for hook in hooks:
                hook.remove()

    def _hook(self, name: str) -> Callable[[Any, tuple[Tensor, ...]], None]:
        def see(module: Any, read: tuple[Tensor, ...]) -> None:
            x = read[0]
            if x is self.last:  # the tensor is held, so that no other can stand at its place
                self.found[name] = self.found[self.leader]
                return
            self.last, self.leader = x, name
            self.found.setdefault(name, _Directions(int(module.r["default"]))).see(x)

        return see
