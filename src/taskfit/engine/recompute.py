"""Gradient checkpointing: layers computed again in the backward pass instead of kept (Chen et al. 2016, arXiv:1604.06174)."""

from transformers import PreTrainedModel

from taskfit.model.local import LocalModel


def recompute_layers(model: LocalModel) -> None:
    """Let the layers of a copy that is to be trained keep only their input; dropout draws the same again.

    Losses and gradients are the same to the last bit. Only training does so: evaluation keeps nothing anyway.
    """
    base = next(module for module in model.network.modules() if isinstance(module, PreTrainedModel))
    base.gradient_checkpointing_enable({"use_reentrant": False})
