"""The model that a training starts from: opened as it is, with another chat template, or made from nothing."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from taskfit.app.bits import changes_of
from taskfit.app.llamafactory.template import with_template
from taskfit.app.train_settings import TrainSettings
from taskfit.core.example import Example
from taskfit.core.method import Method
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local

if TYPE_CHECKING:
    from taskfit.engine.ranks import Ranks


def opened_model(settings: TrainSettings, method: Method, ranks: "Ranks", made: Path | None = None) -> LocalModel:
    """Open the model to start from, or the one that was `made`, on this process's device."""
    name = settings.start if made is None else str(made)
    # Weights that stay frozen need no more digits than they are computed with.
    frozen = type(method).changes != "all weights" or changes_of(method) == "added weights"
    dtype = str(method.model_dump().get("precision", "float32")) if frozen else "float32"
    model = open_local(name, online=settings.online, dtype=dtype, device=device_of(settings, ranks), bits=settings.bits)
    opened: LocalModel = model if settings.template is None else with_template(model, settings.template)
    return opened


def made_model(settings: TrainSettings, base: Path, examples: Iterable[Example]) -> None:
    """Make a new model in `base`, unless it is there: its tokenizer is trained on the rows."""
    from taskfit.data.world.source import tokenizer_texts
    from taskfit.model.fresh import make_model

    if base.is_dir() or settings.new is None:
        return
    texts: Iterable[str] = (message.content for example in examples for message in example.messages)
    if settings.rows.world is not None:
        texts = tokenizer_texts(settings.rows.count)
    making = base.with_name(".start.tmp")
    shutil.rmtree(making, ignore_errors=True)
    make_model(making, settings.new, texts, seed=settings.seed)
    os.replace(making, base)


def device_of(settings: TrainSettings, ranks: "Ranks") -> str:
    """Return where this process computes: as asked, else the GPU when there is one."""
    import torch

    if ranks.count > 1:
        return str(ranks.device)
    if settings.device != "auto":
        return settings.device
    return "cuda" if torch.cuda.is_available() else "cpu"
