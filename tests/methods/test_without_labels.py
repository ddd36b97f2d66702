"""The contract for methods that are not made for labels: entities, open answers, plain text; resuming for all that write."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from methods.open_task import ANSWERS, ASKED, OPEN, TALKING, TEXTS, Stopping, desk_in
from methods.small_task import TASK
from methods.test_every_change import LABELS, answers, digest, written
from methods.test_every_method import FAMILIES, PAIRS
from tagged_rows import divided as tagged
from tagged_rows import task as tag_task
from taskfit.app.settings import METHODS, method_class
from taskfit.core.example import Example, Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Method
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.engine.language import LanguageTraining
from taskfit.model.local import LocalModel
from tiny_models import TinyModels

WITH_LABELS = {name for name, _ in PAIRS}
WORK: dict[str, tuple[Task, Practice, tuple[Example, ...]]] = {
    "tag": (tag_task("tag"), *tagged("tag")),
    "instruct": (OPEN, ANSWERS, ASKED),
    "continued": (TALKING, TEXTS, ASKED),
    "pretrain": (TALKING, TEXTS, ASKED),
}
CASES = [(name, family) for name in WORK for family in FAMILIES if name == "tag" or family != "bert"]
WRITING = [name for name in METHODS.names() if issubclass(method_class(name), LanguageTraining)]
SHORT = {"max_steps": 4, "batch": 4, "looks": 2, "lr": 0.01}

every_case = pytest.mark.parametrize(("name", "family"), CASES)


def short(name: str) -> Method:
    cls = method_class(name)
    return cls.read({key: value for key, value in SHORT.items() if key in cls.model_fields})


@dataclass
class Done:
    """A method at work without labels."""

    method: Method
    model: LocalModel
    predictor: Predictor
    events: Stopping
    before: str
    seconds: float


@pytest.fixture(scope="module")
def done(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Done]:
    made: dict[tuple[str, str], Done] = {}

    def find(name: str, family: str) -> Done:
        if (name, family) not in made:
            task, practice, _ = WORK[name]
            method, model, telling = short(name), tiny.open(family, chat=family == "llama"), Stopping(after=10**9)
            assert method.impossible(model.card, task) is None
            before, desk = digest(model), desk_in(tmp_path_factory.mktemp(f"{name}-{family}"), telling)
            with desk.meter.running():
                predictor = method.adapt(model, task, practice, desk)
            made[name, family] = Done(method, model, predictor, telling, before, desk.meter.seconds)
        return made[name, family]

    return find


def test_every_method_keeps_the_contract_here_or_with_labels() -> None:
    assert set(METHODS.names()) == WITH_LABELS | set(WORK)


@pytest.mark.parametrize("name", sorted(set(METHODS.names()) - {name for name, family in PAIRS if family == "bert"}))
def test_what_cannot_be_done_on_an_encoder_is_refused_in_both_languages(name: str, tiny: TinyModels) -> None:
    reason = short(name).impossible(tiny.open("bert").card, TASK)
    assert reason is not None
    assert reason.en != reason.zh


@every_case
def test_answers_do_not_depend_on_targets_or_neighbours(
    name: str, family: str, done: Callable[[str, str], Done]
) -> None:
    predictor, (_, _, asked) = done(name, family).predictor, WORK[name]
    hidden = [one.without_target() for one in asked]
    found = predictor.predict(hidden, Meter())
    assert [one.id for one in found] == [one.id for one in asked]
    assert answers(predictor.predict(asked, Meter())) == answers(found)
    alone = [predictor.predict([one], Meter())[0] for one in hidden]
    assert [one.answer for one in alone] == [one.answer for one in found]
    assert predictor.predict([], Meter()) == []


@every_case
def test_the_same_seed_gives_the_same_and_the_base_stays(
    name: str, family: str, done: Callable[[str, str], Done], tmp_path: Path
) -> None:
    first, (task, practice, asked) = done(name, family), WORK[name]
    random_state = torch.random.get_rng_state()
    torch.manual_seed(12345)  # chance from outside must not matter
    again = first.method.adapt(first.model, task, practice, desk_in(tmp_path))
    torch.random.set_rng_state(random_state)
    assert answers(again.predict(asked, Meter())) == answers(first.predictor.predict(asked, Meter()))
    assert digest(first.model) == first.before
    assert not any(weight.requires_grad for weight in first.model.network.parameters())


@every_case
def test_saved_and_restored_in_a_fresh_model_it_answers_the_same(
    name: str, family: str, done: Callable[[str, str], Done], tiny: TinyModels, tmp_path: Path
) -> None:
    made, (task, _, asked) = done(name, family), WORK[name]
    made.predictor.save(tmp_path)
    fresh = TinyModels(tiny.root).open(family, chat=family == "llama")
    restored = made.method.restore(fresh, task, tmp_path)
    assert answers(restored.predict(asked, Meter())) == answers(made.predictor.predict(asked, Meter()))


@every_case
def test_tells_how_far_it_is_counts_its_time_and_stops_when_asked(
    name: str, family: str, done: Callable[[str, str], Done], tmp_path: Path
) -> None:
    made, (task, practice, _) = done(name, family), WORK[name]
    assert any(event.kind == "progress" for event in made.events.events)
    assert made.seconds > 0
    assert made.predictor.story.parameters_trained > 0
    desk = replace(desk_in(tmp_path), stop=lambda: True)
    with pytest.raises(KeyboardInterrupt):
        made.method.adapt(made.model, task, practice, desk)


@pytest.mark.parametrize("name", WRITING)
def test_stopped_in_the_middle_and_run_again_it_saves_the_same_bytes(
    name: str, tiny: TinyModels, tmp_path: Path
) -> None:
    task, practice = WORK[name][:2] if name in WORK else (TASK, LABELS)
    method, model = short(name), tiny.open("llama", chat=True)
    before = digest(model)
    method.adapt(model, task, practice, desk_in(tmp_path / "whole")).save(tmp_path / "saved")
    with pytest.raises(KeyboardInterrupt):
        method.adapt(model, task, practice, desk_in(tmp_path / "cut", Stopping(after=2)))
    counting = Stopping(after=10**9)
    method.adapt(model, task, practice, desk_in(tmp_path / "cut", counting)).save(tmp_path / "saved again")
    assert counting.steps == 2, "it goes on where it stopped"
    assert written(tmp_path / "saved again") == written(tmp_path / "saved")
    assert digest(model) == before
