"""What every method says of its score on dev: the name of a metric, or that it is a loss."""

from collections.abc import Callable
from pathlib import Path

import pytest

from methods.conftest import Adapted
from methods.open_task import ANSWERS, OPEN, TALKING, TALKS, desk_in
from methods.small_task import TASK, divided
from taskfit.app.settings import METHODS
from taskfit.app.sweep import dev_score
from taskfit.core.events import Event
from taskfit.core.method import Desk
from taskfit.core.prediction import LOSS
from taskfit.methods.lora import Lora
from taskfit.methods.multitask import Multitask
from taskfit.methods.zero_shot import ZeroShot
from tiny_models import TinyModels


@pytest.mark.parametrize("name", METHODS.names())
@pytest.mark.parametrize("family", ["llama", "bert"])
def test_a_score_on_labels_is_an_accuracy_and_text_a_loss(
    adapted: Callable[[str, str], Adapted], name: str, family: str
) -> None:
    story = adapted(name, family).predictor.story
    score = dev_score(story)
    assert (score is None) == (story.dev_metric == "")
    if story.dev_metric == LOSS:
        assert score is not None
        assert score < 0
    elif score is not None:
        assert story.dev_metric == "accuracy"


def test_open_answers_are_scored_by_the_metric_and_conversations_by_the_loss(tiny: TinyModels, tmp_path: Path) -> None:
    model, method = tiny.open("llama", chat=True), Lora(lr=0.01, max_steps=2, batch=4)
    events: list[Event] = []
    desk = Desk(tmp_path / "open", tmp_path / "cache", trials=1, emit=events.append)
    assert method.adapt(model, OPEN, ANSWERS, desk).story.dev_metric == OPEN.primary_metric
    looks = [event.data for event in events if event.kind == "train.look"]
    assert looks
    assert all(look["dev_metric"] == OPEN.primary_metric for look in looks)
    assert method.adapt(model, TALKING, TALKS, desk_in(tmp_path / "talk")).story.dev_metric == LOSS
    several = Multitask(lr=0.01, max_steps=2, batch=4)
    assert several.adapt(model, TALKING, TALKS, desk_in(tmp_path / "several")).story.dev_metric == LOSS


def test_what_was_not_measured_has_no_score(tiny: TinyModels, tmp_path: Path) -> None:
    """One way to ask and no calibration: there is nothing to choose, and no score of 0 is made up."""
    for task, practice, calibrate in ((OPEN, ANSWERS, True), (TASK, divided()[0], False)):
        method = ZeroShot(calibrate=calibrate)
        story = method.adapt(tiny.open("llama", chat=True), task, practice, desk_in(tmp_path / str(calibrate))).story
        assert (story.trials, story.dev_metric) == ((), "")
