"""The view of a training only reads events: a curve on a terminal, lines elsewhere."""

from collections.abc import Iterable
from io import StringIO

import pytest
from rich.console import Console

from taskfit.core.events import Event
from taskfit.core.text import speak
from taskfit.live_train import Curve, TrainView, curve_lines


def steps(count: int, *, first: int = 1, trial: str = "") -> list[Event]:
    return [
        Event(
            "train.step",
            {"rung": "lora", "trial": trial, "step": n, "total": 99, "loss": 4.0 / n, "lr": 1e-3, "tokens": 100 * n},
            time=float(n),
        )
        for n in range(first, first + count)
    ]


def look(step: int, score: float | None, metric: str = "accuracy") -> Event:
    data = {"rung": "lora", "trial": "", "step": step, "loss": 1.5, "dev_score": score, "dev_metric": metric}
    return Event("train.look", data)


def curve_of(events: Iterable[Event]) -> Curve:
    curve = Curve()
    for event in events:
        curve.take(event)
    return curve


def shown(events: Iterable[Event], *, terminal: bool = False, quiet: bool = False) -> str:
    file = StringIO()
    console = Console(file=file, width=120, force_terminal=terminal, color_system=None)
    with TrainView(quiet=quiet, console=console) as view:
        for event in events:
            view.emit(event)
    return file.getvalue()


def test_the_figures_below_the_curve():
    lines = curve_lines(curve_of([*steps(20), look(10, 0.5), look(20, 0.4)]), width=10, height=3)
    assert len(lines) == 4
    assert [line[:10] for line in lines[:3]] == ["       4 ┤", "         ┤", "     0.2 ┤"]
    assert lines[-1] == "loss 0.2  dev accuracy 0.40 (best 0.50, step 10)  lr 1.00e-03  100 tokens/s"


def test_a_loss_as_dev_score_is_shown_as_the_loss_it_is():
    assert (
        "dev loss 1.5 (best 1.25, step 5)"
        in curve_lines(curve_of([*steps(5), look(5, -1.25, "loss"), look(6, -1.5, "loss")]))[-1]
    )


def test_another_trial_and_a_repeated_step_begin_another_curve():
    assert len(curve_of([*steps(9), *steps(2, trial="lr 0.1")]).losses) == 2
    assert curve_of([*steps(9), *steps(3, first=5)]).steps == [5, 6, 7]


def test_lines_where_there_is_no_terminal():
    events = [Event("run.started", {"folder": "runs/x"}), *steps(3), look(3, 0.25), look(4, None)]
    assert shown(events).splitlines() == [
        "run folder: runs/x",
        "step 3: loss 1.50, dev accuracy 0.25",
        "step 4: loss 1.50",
    ]
    speak("zh")
    try:
        assert "第 3 步：损失 1.50，dev 准确率 0.25" in shown(events)
    finally:
        speak("en")


def test_the_curve_is_live_on_a_terminal():
    assert "┤" in shown(steps(30), terminal=True)


@pytest.mark.parametrize("terminal", [False, True])
def test_the_preflight_marks_what_is_learned(terminal):
    data = {
        "pieces": [["user: hi\n", 0.0], ["hello", 1.0], ["!", 0.5]],
        "facts": [{"en": "the end of turn is learned", "zh": "会学习回合结束符"}],
    }
    found = shown([Event("preflight", data)], terminal=terminal)
    assert "user: hi\n⟦hello⟧⟦!⟧×0.5" in found.replace("\r", "")
    assert "the end of turn is learned" in found
