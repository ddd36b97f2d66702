"""The tiny models, and every method adapted once to the small task."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from methods.small_task import TASK, divided
from taskfit.app.settings import method_class
from taskfit.core.events import Event
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Predictor
from taskfit.model.local import LocalModel
from tiny_models import TinyModels
from tiny_models import tiny as tiny

TRIALS = 3


@dataclass
class Adapted:
    """A method at work: the model it was given, what it made, where, and what it told."""

    method: Method
    model: LocalModel
    predictor: Predictor
    desk: Desk
    events: list[Event]


def quick(name: str) -> Method:
    """Return the method with its defaults, but for training that is as short as the method allows."""
    cls = method_class(name)
    short: dict[str, Any] = {"epochs": 2, "batch": 8}
    return cls.read({key: value for key, value in short.items() if key in cls.model_fields})


def adapt(method: Method, model: LocalModel, folder: Path, *, seed: int = 0) -> Adapted:
    """Adapt `model` to the small task in `folder`."""
    events: list[Event] = []
    desk = Desk(folder, folder / "cache", "rung", seed=seed, trials=TRIALS, emit=events.append)
    folder.mkdir(parents=True, exist_ok=True)
    with desk.meter.running():
        predictor = method.adapt(model, TASK, divided()[0], desk)
    return Adapted(method, model, predictor, desk, events)


@pytest.fixture(scope="session")
def adapted(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Adapted]:
    """Return what a method made of a tiny model; made once. Skip, with the method's reason, where it cannot."""
    made: dict[tuple[str, str], Adapted] = {}

    def find(name: str, family: str) -> Adapted:
        method, model = quick(name), tiny.open(family, chat=family == "llama")
        if reason := method.impossible(model.card, TASK):
            pytest.skip(reason.en)
        if (name, family) not in made:
            made[name, family] = adapt(method, model, tmp_path_factory.mktemp(f"{name}-{family}"))
        return made[name, family]

    return find
