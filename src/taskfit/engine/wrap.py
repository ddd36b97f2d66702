"""Which weights are trained: adapters that PEFT puts in, whole layers, or everything."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from taskfit.core.errors import NotPossible
from taskfit.core.files import cannot_write, obey_umask, read_json, write_json
from taskfit.core.model import ModelCard
from taskfit.core.text import Text
from taskfit.engine.checkpoint import write_tensors
from taskfit.engine.quick_lora import quicken
from taskfit.model.body import body_of
from taskfit.model.local import LocalModel
from taskfit.model.quantized import Bits, bits_of, linear_names, quantize
from taskfit.model.soft import SoftBody

TRAINED = "trained.safetensors"


def lr_for(card: ModelCard, *, at_width_1000: float) -> float:
    """Return a first learning rate for a model: the best rate falls about as 1 / width (Yang et al. 2022, arXiv:2203.03466)."""
    return at_width_1000 * 1000 / max(1, card.width)


def inner_names(model: LocalModel) -> list[str]:
    """Return full names of all linear modules inside the layers; never a head outside them."""
    return linear_names(model.network, model.body.layers)


def with_adapter(model: LocalModel, config: Any, seed: int) -> LocalModel:
    """Return a copy with a PEFT adapter of `config`; only the adapter's weights are trained, the base is shared."""
    from peft import get_peft_model

    copy = model.fork(())
    torch.manual_seed(seed)
    with _peft_quiet():
        network = get_peft_model(copy.network, config)
    return _wrapped(copy, network)


def _wrapped(model: LocalModel, network: Any) -> LocalModel:
    """Return the model with its network inside PEFT's, as the flat stream runs it."""
    quicken(network)
    body = body_of(network.get_base_model(), model.card.family)
    config = network.active_peft_config
    if not config.is_prompt_learning:
        return replace(model, network=network, body=body)
    soft, context = SoftBody(body, network, model.card.context), model.card.context - config.num_virtual_tokens
    return replace(model, network=network, body=soft, card=replace(model.card, context=context))


def quantized(model: LocalModel, bits: Bits) -> LocalModel:
    """Return a copy whose linear modules are kept in few bits; all else is shared. One opened so is returned as it is."""
    known = bits_of(model.network)
    if known is not None and known != bits:
        raise NotPossible(
            Text(f"the model was opened in {known} bits, not in {bits}", f"模型以 {known} 位打开，而不是 {bits} 位"),
            todo=Text(f"use bits: {known}", f"请使用 bits: {known}"),
        )
    copy = model.fork(())
    quantize(copy.network, inner_names(copy), bits)
    return copy


def save_adapter(model: LocalModel, folder: Path, state: dict[str, torch.Tensor] | None = None) -> None:
    """Write the adapter in PEFT's own format (adapter_config.json, adapter_model.safetensors).

    With `state`, its tensors are written in place of the network's.
    """
    target = folder / "adapter"
    try:
        with _peft_quiet():
            model.network.save_pretrained(target, state_dict=state)
        _in_order(target / "adapter_config.json")
        for path in target.iterdir():
            obey_umask(path)
    except (OSError, SafetensorError) as problem:
        raise cannot_write(target, problem) from problem


def _in_order(path: Path) -> None:
    """Sort the lists of names in an adapter's config: PEFT writes its sets in an order that changes from run to run."""
    config = read_json(path)
    names = {key: value for key, value in config.items() if isinstance(value, list)}
    sets = {key: value for key, value in names.items() if all(isinstance(one, str) for one in value)}
    write_json(path, {**config, **{key: sorted(value) for key, value in sets.items()}})


def load_adapter(model: LocalModel, folder: Path) -> LocalModel:
    """Return a copy of `model` with the adapter saved by `save_adapter`."""
    from peft import PeftModel

    copy = model.fork(())
    with _peft_quiet():
        network = PeftModel.from_pretrained(copy.network, folder / "adapter")
    network.eval()
    return _wrapped(copy, network)


@contextmanager
def adapter_off(model: LocalModel) -> Iterator[None]:
    """Let a model with a PEFT adapter be its base within the block, exactly."""
    if isinstance(model.body, SoftBody) and not model.body.causal:  # PEFT's own way fails on encoders
        model.body.off = True
        try:
            yield
        finally:
            model.body.off = False
    else:
        with model.network.disable_adapter():
            yield


def layer_weights(model: LocalModel, first: int) -> list[str]:
    """Return the names of the weights of the layers from `first` on and of what follows them, but not of a tied head."""
    kept = {id(p) for layer in model.body.layers[first:] for p in layer.parameters()}
    lower = {id(p) for layer in model.body.layers[:first] for p in layer.parameters()}
    outside = {id(p) for p in model.network.get_input_embeddings().parameters()}
    for name, module in model.network.named_modules():
        if "embeddings" in name or name.endswith(("wpe", "wte", "embed_tokens")):
            outside |= {id(p) for p in module.parameters()}
    head = model.network.get_output_embeddings()
    if head is not None:
        outside |= {id(p) for p in head.parameters()}
    return [n for n, p in model.network.named_parameters() if id(p) in kept or id(p) not in lower | outside]


def save_trained(model: LocalModel, folder: Path, names: list[str]) -> None:
    """Write only the named weights."""
    named = dict(model.network.named_parameters())
    make_folder(folder)
    write_tensors(folder / TRAINED, {name: named[name] for name in names})


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing; raise DiskError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise cannot_write(folder, problem) from problem


def load_trained(model: LocalModel, folder: Path) -> LocalModel:
    """Return a copy of `model` with the weights that `save_trained` wrote."""
    from safetensors.torch import load_file

    stored = load_file(folder / TRAINED)
    copy = model.fork(stored)
    named = dict(copy.network.named_parameters())
    with torch.no_grad():
        for name, value in stored.items():
            named[name].copy_(value)
    copy.network.requires_grad_(False)
    return copy


@contextmanager
def _peft_quiet() -> Iterator[None]:
    """Keep PEFT's remarks about our own deliberate choices (tied embeddings, no hub card) off the terminal."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="peft")
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        yield
