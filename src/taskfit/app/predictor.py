"""A predictor from the folder of a training: what `taskfit train` made, ready to answer."""

from pathlib import Path

from pydantic import TypeAdapter

from taskfit.app.settings import method_class
from taskfit.app.train_place import FINISHED, SETTINGS
from taskfit.app.train_settings import TrainSettings
from taskfit.core.errors import ModelError
from taskfit.core.files import read_json
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.core.yaml import read_yaml


def is_trained(folder: Path) -> bool:
    """Return whether a folder holds a finished training."""
    return (folder / FINISHED).is_file() and (folder / SETTINGS).is_file()


def trained_predictor(folder: Path, *, online: bool = False) -> Predictor:
    """Return the predictor that a training left in its run folder; raise ModelError when there is none."""
    if not is_trained(folder):
        raise ModelError(
            Text("holds no finished training", "没有已完成的训练"),
            where=str(folder),
            todo=Text("name a run folder of `taskfit train`", "请指定 taskfit train 的运行目录"),
        )
    from taskfit.model.open import open_local

    settings = TrainSettings.read(read_yaml(folder / SETTINGS).values, where=str(folder / SETTINGS))
    method = method_class(settings.method).read(read_json(folder / FINISHED)["method"])
    task = TypeAdapter(Task).validate_python(read_json(folder / "rows.json")["task"])
    model = open_local(settings.start, online=online, bits=settings.bits)
    return method.restore(model, task, folder)
