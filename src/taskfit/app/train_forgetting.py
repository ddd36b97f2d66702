"""What a training forgot: measured against the model it started from, when asked; kept in the run folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from taskfit.app.forgetting import own_files, probes_of
from taskfit.app.train_settings import TrainSettings
from taskfit.core.files import read_json, write_json
from taskfit.core.measurement import Forgetting
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.text import Text
from taskfit.ladder.forgotten import say_lost, say_not_the_base, say_unknown

if TYPE_CHECKING:
    from taskfit.measure.forgetting_probes import Probes

FORGOTTEN = "forgetting.json"


def probes_before(settings: TrainSettings, model: Model, *, rows: int, cache: Path) -> "Probes | None":
    """Return what measures forgetting, having looked at the base before anything is trained; None when not asked.

    The user's files are read here, so that a wrong one ends the run before it begins.
    """
    probes = probes_of(settings, own_files(settings), model, rows=rows, cache=cache)
    if probes is not None:
        probes.watch()
    return probes


def forgotten_by(probes: "Probes", predictor: Predictor, desk: Desk) -> list[Text]:
    """Measure what the predictor's model lost, write it into the desk's folder, and return what the user must be told."""
    found = probes.forgotten(predictor, desk)
    write_json(desk.folder / FORGOTTEN, found)
    said = (say(desk.rung, found) for say in (say_lost, say_unknown, say_not_the_base))
    return [one for one in said if one is not None]


def read_forgotten(folder: Path) -> Forgetting | None:
    """Return what was measured in a run folder, or None when nothing was."""
    path = folder / FORGOTTEN
    return TypeAdapter(Forgetting).validate_python(read_json(path)) if path.is_file() else None
