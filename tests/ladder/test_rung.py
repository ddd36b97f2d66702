"""One rung: seeds, what is kept and what is done again, failures that stay rows, costs."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from methods.small_task import TASK, divided
from taskfit.core.errors import DataError, DiskError
from taskfit.core.events import Event
from taskfit.core.example import Practice, Splits
from taskfit.core.files import read_json, read_lines
from taskfit.core.measurement import Forgetting
from taskfit.core.meter import Meter
from taskfit.core.method import Changes, Desk, Method
from taskfit.core.model import Generation, Model, ModelCard
from taskfit.core.prediction import Prediction, Predictor, Story, Trial
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.ladder.rung import Ground, Price, climb_rung, read_rung, settled

PRACTICE, TEST = divided()
SPLITS = Splits(PRACTICE.train, PRACTICE.dev, TEST)


class NoModel:
    """A model that only has a card."""

    card = ModelCard("none", "causal", "none", frozenset({"generate"}))

    def generate(self, prompts: object, *, max_tokens: int, meter: Meter) -> list[Generation]:
        raise NotImplementedError


@dataclass
class Constant:
    """Answers with one label."""

    label: str | None
    story: Story = Story()  # noqa: RUF009 - frozen

    def predict(self, examples: object, meter: Meter) -> list[Prediction]:
        assert isinstance(examples, (list, tuple))
        assert all(example.target is None for example in examples)
        meter.add(tokens=10 * len(examples))
        return [
            Prediction(one.id, self.label, tokens_in=8, tokens_out=2, flops=5.0, seconds=0.001, prompt="p")
            for one in examples
        ]

    def save(self, folder: Path) -> None:
        (folder / "constant.json").write_text(json.dumps(self.label))


class Guess(Method):
    """Says one label, drawn by the seed; notes in a file how often it was asked to adapt."""

    about: ClassVar[Text] = Text("Guess.", "猜。")
    when: ClassVar[Text] = Text("Never.", "从不。")
    rank: ClassVar[int] = 1
    random: ClassVar[bool] = True

    lr: float | None = setting(None, "rate", "率")
    trouble: str = setting("", "trouble to make", "麻烦")

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        with (desk.folder.parent / "calls.txt").open("a") as file:
            file.write(f"{desk.seed} {self.lr}\n")
        (desk.folder / "trials" / "one").mkdir(parents=True, exist_ok=True)
        if self.trouble == "data":
            raise DataError(Text("the rows are odd", "数据有问题"), where="a.csv:3", todo=Text("mend them", "请修正"))
        if self.trouble == "disk":
            raise DiskError(Text("full", "已满"))
        if self.trouble == "stop" and desk.seed == 1:
            raise KeyboardInterrupt
        desk.meter.add(tokens=100, flops=1000.0, money=0.5)
        trials = (Trial({"lr": 0.1}, 0.5), Trial({"lr": 0.3}, 0.7, chosen=True)) if self.lr is None else ()
        return Constant(task.label_names[desk.seed % 3], Story(trials=trials))

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        return Constant(json.loads((folder / "constant.json").read_text()))


def ground(tmp_path: Path, **changed: object) -> tuple[Ground, list[Event]]:
    events: list[Event] = []
    model: Model = NoModel()
    return replace(Ground(model, TASK, SPLITS, tmp_path / "cache", seeds=3, emit=events.append), **changed), events  # type: ignore[arg-type]


def calls(folder: Path) -> list[str]:
    return (folder / "calls.txt").read_text().splitlines()


def test_a_rung_adapts_once_per_seed_and_searches_once(tmp_path: Path) -> None:
    stand, events = ground(tmp_path, seed=5)
    done = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert calls(tmp_path / "rung") == ["5 None", "6 0.3", "7 0.3"]
    assert done.measurement is not None
    assert done.measurement.seeds == (5, 6, 7)
    assert done.measurement.settings["lr"] == 0.3
    assert [trial.chosen for trial in done.measurement.trials] == [False, True]
    assert len(done.rows) == 3 * len(TEST)
    assert done.measurement.seed_values == (4 / 12, 4 / 12, 4 / 12)
    assert [event.kind for event in events if event.kind != "progress"] == ["rung.started", "rung.finished"]
    assert not list((tmp_path / "rung").rglob("trials"))


def test_a_finished_rung_is_kept(tmp_path: Path) -> None:
    stand, events = ground(tmp_path)
    first = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    events.clear()
    again = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert again == first == read_rung(tmp_path / "rung")
    assert len(calls(tmp_path / "rung")) == 3
    assert [event.kind for event in events] == ["rung.kept"]
    assert events[0].data["measurement"]["rung"] == "guess"  # type: ignore[index]


def test_seeds_finished_before_an_interruption_are_not_done_again(tmp_path: Path) -> None:
    stand, _ = ground(tmp_path)
    whole = climb_rung("guess", Guess(), tmp_path / "whole", stand)
    with pytest.raises(KeyboardInterrupt):
        climb_rung("guess", Guess(trouble="stop"), tmp_path / "rung", stand)
    assert not (tmp_path / "rung" / "measurement.json").exists()
    done = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert calls(tmp_path / "rung") == ["0 None", "1 0.3", "1 0.3", "2 0.3"]
    assert done.rows == whole.rows
    assert done.measurement is not None
    assert whole.measurement is not None
    assert done.measurement.cost.adapt_flops == whole.measurement.cost.adapt_flops


def test_a_method_without_chance_runs_once(tmp_path: Path) -> None:
    class Fixed(Guess):
        """No chance in it."""

        random: ClassVar[bool] = False

    stand, _ = ground(tmp_path)
    done = climb_rung("fixed", Fixed(), tmp_path / "rung", stand)
    assert done.measurement is not None
    assert done.measurement.seeds == (0,)


def test_a_rung_that_fails_is_a_row_with_the_reason_and_is_tried_again(tmp_path: Path) -> None:
    stand, events = ground(tmp_path)
    done = climb_rung("guess", Guess(trouble="data"), tmp_path / "rung", stand)
    assert done.measurement is None
    assert done.failed is not None
    assert (done.failed.kind, done.failed.en, done.failed.zh) == (
        "failed",
        "the rows are odd; mend them",
        "数据有问题；请修正",
    )
    assert events[-1].kind == "rung.failed"
    assert read_rung(tmp_path / "rung") == done
    mended = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert mended.failed is None
    assert not (tmp_path / "rung" / "error.json").exists()


def test_what_the_model_cannot_do_is_not_tried(tmp_path: Path) -> None:
    stand, events = ground(tmp_path, task=replace(TASK, kind="tag"))
    done = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert done.failed is not None
    assert (done.failed.kind, done.failed.en) == ("impossible", "not made for tasks of the kind tag")
    assert [event.kind for event in events] == ["rung.impossible"]
    assert not (tmp_path / "rung" / "calls.txt").exists()


def test_a_full_disk_ends_the_climb(tmp_path: Path) -> None:
    stand, _ = ground(tmp_path)
    with pytest.raises(DiskError):
        climb_rung("guess", Guess(trouble="disk"), tmp_path / "rung", stand)
    assert not (tmp_path / "rung" / "error.json").exists()


def test_costs_are_means_per_answer_and_adapting_once(tmp_path: Path) -> None:
    stand, _ = ground(tmp_path, price=Price(2.0, 10.0))
    done = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    assert done.measurement is not None
    cost = done.measurement.cost
    assert (cost.adapt_tokens, cost.adapt_flops, cost.adapt_money) == (100, 1000.0, 0.5)
    assert (cost.tokens_per_answer, cost.flops_per_answer) == (10, 5.0)
    assert cost.money_per_1000 == pytest.approx(1000 * (8 * 2.0 + 2 * 10.0) / 1e6)
    assert cost.latency_p50_ms is not None
    assert cost.bytes_peak > 1e6
    assert cost.bytes_saved > 0


def test_prompts_are_kept_for_the_first_rows_only(tmp_path: Path) -> None:
    many = Splits(PRACTICE.train, PRACTICE.dev, tuple(replace(TEST[n % 12], id=f"m:{n}") for n in range(30)))
    stand, _ = ground(tmp_path, splits=many, seeds=1)
    climb_rung("guess", Guess(), tmp_path / "rung", stand)
    prompts = [row["prompt"] for row in read_lines(tmp_path / "rung" / "predictions.jsonl")]
    assert prompts == ["p"] * 20 + [""] * 10


def test_answers_that_cannot_be_read_are_unscored(tmp_path: Path) -> None:
    class Silent(Guess):
        """Says nothing that can be read."""

        def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
            return Constant(None)

    stand, _ = ground(tmp_path, seeds=1)
    done = climb_rung("silent", Silent(), tmp_path / "rung", stand)
    assert done.measurement is not None
    assert (done.measurement.unscored, done.measurement.metrics["accuracy"].estimate) == (12, 0.0)


def test_the_folder_of_a_rung_can_be_moved(tmp_path: Path) -> None:
    stand, _ = ground(tmp_path)
    first = climb_rung("guess", Guess(), tmp_path / "rung", stand)
    shutil.move(tmp_path / "rung", tmp_path / "moved")
    assert read_rung(tmp_path / "moved") == first
    assert str(tmp_path) not in json.dumps(read_json(tmp_path / "moved" / "measurement.json"))


@dataclass
class Unable:
    """Probes that cannot probe."""

    watched: int = 0

    def watch(self) -> None:
        self.watched += 1

    def forgotten(self, predictor: Predictor, desk: Desk) -> Forgetting:
        raise DataError(Text("no text fits", "没有文本放得下"))


def test_a_trained_rung_that_cannot_be_probed_is_measured_all_the_same(tmp_path: Path) -> None:
    class Trained(Guess):
        """Changes something."""

        changes: ClassVar[Changes] = "all weights"

    probes = Unable()
    stand, _ = ground(tmp_path, probes=probes)
    done = climb_rung("trained", Trained(), tmp_path / "rung", stand)
    assert done.measurement is not None
    assert done.measurement.forgotten == Forgetting("unknown", notes=({"en": "no text fits", "zh": "没有文本放得下"},))
    assert probes.watched == 1
    assert climb_rung("guess", Guess(), tmp_path / "other", stand).measurement.forgotten == Forgetting("unchanged")  # type: ignore[union-attr]
    assert done == read_rung(tmp_path / "rung")


def test_only_settings_left_open_are_settled() -> None:
    story = Story(trials=(Trial({"lr": 0.3, "set": 2, "trouble": "x"}, 0.7, chosen=True),))
    assert settled(Guess(), story) == Guess(lr=0.3)
    assert settled(Guess(lr=0.1), story) == Guess(lr=0.1)
    assert settled(Guess(), Story()) == Guess()
