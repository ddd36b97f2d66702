"""Which aim serves a task, asked of the files of the folder."""

import pytest

from methods.open_task import OPEN
from methods.small_task import TASK
from taskfit.core.errors import NotPossible
from taskfit.engine.aims.aim import AIMS, Aim, Asked, aim_for, aim_named, name_of
from tiny_models import TinyModels


@pytest.mark.parametrize(
    ("family", "asked", "task", "aim"),
    [
        ("llama", Asked(), TASK, "words"),
        ("bert", Asked(), TASK, "head"),
        ("gpt2", Asked("head"), TASK, "head"),
        ("llama", Asked("words"), TASK, "words"),
        ("llama", Asked(), OPEN, "talk"),
        ("gpt2", Asked("words"), OPEN, "talk"),
    ],
)
def test_the_first_aim_that_fits_the_task_and_the_model_is_taken(
    family: str, asked: Asked, task: object, aim: str, tiny: TinyModels
) -> None:
    assert name_of(aim_for(asked, tiny.open(family).card, task)) == aim  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("family", "asked", "task", "said"),
    [
        ("bert", Asked("words"), TASK, "an encoder cannot say words"),
        ("bert", Asked(), OPEN, "an encoder cannot write an answer"),
        ("llama", Asked("head"), OPEN, "needs labels"),
    ],
)
def test_where_none_fits_the_reason_is_told(
    family: str, asked: Asked, task: object, said: str, tiny: TinyModels
) -> None:
    with pytest.raises(NotPossible, match=said):
        aim_for(asked, tiny.open(family).card, task)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in AIMS.names() if name != "aim"])
def test_every_file_of_the_folder_is_an_aim_by_its_name(name: str) -> None:
    found = aim_named(name)
    assert issubclass(found, Aim)
    assert found.__module__.endswith(f".aims.{name}")
    assert found.__doc__
