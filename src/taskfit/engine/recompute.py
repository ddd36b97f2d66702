"""Gradient checkpointing: layers computed again in the backward pass instead of kept (Chen et al. 2016, arXiv:1604.06174)."""

from functools import partial
from typing import Any

from torch.utils.checkpoint import checkpoint

from taskfit.model.local import LocalModel


def recompute_layers(model: LocalModel) -> None:
    """Let the layers of a copy that is to be trained keep only their input; dropout draws the same again.

    Losses and gradients are the same to the last bit. Only training does so: evaluation keeps nothing anyway.
    """
    layers: Any = model.body.layers
    for layer in layers:
        # What transformers' own switch sets, by whichever name the installed version calls it.
        layer.gradient_checkpointing = True
        layer._gradient_checkpointing_func = partial(checkpoint, use_reentrant=False)
