"""Learning rates against transformers' own schedules and against numbers by hand."""

import math
from typing import Any

import pytest
import torch

from taskfit.core.errors import UsageError
from taskfit.engine.schedules import check_schedule, lr_at
from taskfit.engine.training import LoopSettings

STEPS = 40
# Our name and settings, transformers' name and arguments.
SAME: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("linear", {}, "linear", {}),
    ("cosine", {}, "cosine", {}),
    ("cosine", {"lr_end": 0.2}, "cosine_with_min_lr", {"min_lr_rate": 0.2}),
    ("cosine_with_restarts", {"cycles": 3}, "cosine_with_restarts", {"num_cycles": 3}),
    ("polynomial", {"power": 2.5, "lr_end": 0.1}, "polynomial", {"power": 2.5, "lr_end": 0.03}),
    ("constant", {}, "constant_with_warmup", {}),
    ("constant_with_warmup", {}, "constant_with_warmup", {}),
    ("inverse_sqrt", {}, "inverse_sqrt", {}),
    ("wsd", {"decay": 12}, "warmup_stable_decay", {"num_decay_steps": 12}),
    ("wsd", {"decay": 0.5, "lr_end": 0.3}, "warmup_stable_decay", {"num_decay_steps": 20, "min_lr_ratio": 0.3}),
]


def _theirs(name: str, warm: int, options: dict[str, Any]) -> list[float]:
    from transformers import get_scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    schedule: Any = get_scheduler(
        name, optimizer, num_warmup_steps=warm, num_training_steps=STEPS, scheduler_specific_kwargs=options
    )
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.parametrize("warm", [0, 7])
@pytest.mark.parametrize(("name", "ours", "their_name", "theirs"), SAME)
def test_after_the_warm_up_rates_are_those_of_transformers(
    name: Any, ours: dict[str, Any], their_name: str, theirs: dict[str, Any], warm: int
) -> None:
    settings = LoopSettings(epochs=1, batch=1, lr=0.3, schedule=name, warmup=float(warm), **ours)
    wanted = _theirs(their_name, warm, theirs)
    found = [lr_at(step, STEPS, settings) for step in range(STEPS)]
    assert found[warm:] == pytest.approx(wanted[warm:], rel=1e-7, abs=1e-9)
    # Ours moves in the first step; theirs stands still there. From theirs' min_lr_ratio on, wsd warms up elsewhere.
    if "min_lr_ratio" not in theirs:
        assert found[:warm] == pytest.approx(wanted[1 : warm + 1], rel=1e-7)


def test_rates_by_hand() -> None:
    # 10 steps of which 2 warm up: half, whole, then down over 8.
    def rates(schedule: Any) -> list[float]:
        settings = LoopSettings(epochs=1, batch=1, lr=8.0, schedule=schedule, warmup=0.2)
        return [lr_at(step, 10, settings) for step in range(10)]

    assert rates("linear") == [4, 8, 8, 7, 6, 5, 4, 3, 2, 1]
    assert rates("constant") == [4] + [8] * 9
    cosine = rates("cosine")
    assert cosine[:3] == [4, 8, 8]
    assert cosine[6] == pytest.approx(4)  # half way down
    assert cosine[9] == pytest.approx(8 * (1 + math.cos(math.pi * 7 / 8)) / 2)


def test_a_warm_up_is_a_share_or_a_number_of_steps() -> None:
    def rates(warmup: float) -> list[float]:
        settings = LoopSettings(epochs=1, batch=1, lr=1.0, warmup=warmup)
        return [lr_at(step, 4, settings) for step in range(4)]

    assert rates(0.0) == [1, 0.75, 0.5, 0.25]
    assert rates(0.5) == rates(2.0) == [0.5, 1, 1, 0.5]
    assert rates(1.0) == [1, 1, pytest.approx(2 / 3), pytest.approx(1 / 3)]


def test_a_schedule_that_does_not_fit_into_the_run_is_refused() -> None:
    def check(**more: Any) -> None:
        check_schedule(10, LoopSettings(epochs=1, batch=1, lr=1.0, **more))

    check(warmup=0.99)
    check(warmup=9.0)
    check(schedule="wsd", warmup=4.0, decay=6.0)
    with pytest.raises(UsageError, match="warmup: 10 steps of warm-up in a run of 10 steps"):
        check(warmup=10.0)
    with pytest.raises(UsageError, match="decay: 4 steps of warm-up and 7 of decay in a run of 10 steps"):
        check(schedule="wsd", warmup=4.0, decay=7.0)
    with pytest.raises(UsageError, match="decay: 6 steps of warm-up and 5 of decay in a run of 10 steps"):
        check(schedule="wsd", warmup=0.6, decay=0.5)
    check_schedule(1, LoopSettings(epochs=1, batch=1, lr=1.0, schedule="wsd"))
    assert lr_at(0, 1, LoopSettings(epochs=1, batch=1, lr=1.0, schedule="wsd")) == 1.0
