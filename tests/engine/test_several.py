"""Several tasks at once: shares, conflicts, steps without conflicts."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from methods.open_task import ANSWERS, OPEN
from methods.small_task import TASK, divided, write_csv
from taskfit.core.errors import UsageError
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.aims.aim import Work
from taskfit.engine.aims.several import Other, Several, conflicts_told, shares_of
from taskfit.engine.conflict import DRAWS, ProjectedLearner, Pull, cosines, gradient_of, projected, pull_of, t_quantile
from taskfit.engine.learner import TokenLearner
from taskfit.methods.full import Full
from taskfit.methods.multitask import Multitask
from tiny_models import TinyModels
from tiny_models import tiny as tiny

PRACTICE, TEST = divided()
OTHER = Other("words", OPEN, ANSWERS.train, ANSWERS.dev)


def test_shares_follow_size_root_weight_or_are_equal() -> None:
    assert shares_of([90, 10], "size", 1.0, [1, 1]) == pytest.approx([0.9, 0.1])
    assert shares_of([90, 10], "temperature", 1.0, [1, 1]) == pytest.approx([0.9, 0.1])
    assert shares_of([90, 10], "temperature", 2.0, [1, 1]) == pytest.approx([0.75, 0.25])
    assert shares_of([90, 10], "equal", 1.0, [1, 1]) == pytest.approx([0.5, 0.5])
    assert shares_of([90, 10], "weight", 1.0, [1, 3]) == pytest.approx([0.25, 0.75])


def test_each_task_weighs_its_share_in_the_loss(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    work = Work(model, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    lesson = Several((OTHER,), mixing="weight", weight=3.0).lesson(work)
    learner = lesson.learner(model.fork())
    weights = [0.0, 0.0]
    for row, task in enumerate(lesson.task_of):
        weights[task] += learner.weight(row)
    assert weights[0] / weights[1] == pytest.approx(3.0, rel=1e-6)


def test_conflicting_gradients_are_projected_as_in_the_paper() -> None:
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([-1.0, 1.0])
    assert cosines({"a": a, "b": b})["a", "b"] == pytest.approx(-(0.5**0.5))
    # a + b/2 = [0.5, 0.5]; b + a = [0, 1]
    torch.testing.assert_close(projected([a, b]), torch.tensor([0.5, 1.5]))
    c = torch.tensor([1.0, 1.0])
    torch.testing.assert_close(projected([a, c]), a + c)


@pytest.mark.parametrize("pulls", [1.0, -1.0])
def test_a_projected_step_has_the_same_loss_and_the_projected_gradient(
    tiny: TinyModels, tmp_path: Path, pulls: float
) -> None:
    model = tiny.open("llama", chat=True)
    work = Work(model, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    lesson = Several((OTHER,), project=True).lesson(work)
    plain, careful = TokenLearner(model.fork(), lesson.rows), lesson.learner(model.fork())
    assert isinstance(careful, ProjectedLearner)
    size = lesson.task_of.index(1)
    rows = [0, 1, size, size + 1]
    for one in (plain, careful):
        one.mode(training=True)
    total = sum(plain.weight(row) for row in rows)
    found = careful.loss(rows, total)
    assert float(found.detach()) == pytest.approx(float(plain.loss(rows, total).detach()), rel=1e-5)
    (pulls * found).backward()
    ours = torch.cat([weight.grad.reshape(-1) for weight in careful.trained().values()])
    shares = [sum(plain.weight(row) for row in some) / total for some in (rows[:2], rows[2:])]
    parts = [share * gradient_of(plain, some) for share, some in zip(shares, (rows[:2], rows[2:]), strict=True)]
    torch.testing.assert_close(ours, pulls * projected(parts), rtol=1e-4, atol=1e-6)


def test_trained_on_two_tasks_it_tells_shares_losses_and_conflicts(tiny: TinyModels, tmp_path: Path) -> None:
    write_csv(tmp_path / "topics.csv", 30)
    base = tiny.open("llama", chat=True)
    method = Multitask(tasks=({"rows": str(tmp_path / "topics.csv")},), epochs=1.0, looks=1.0, weights="lora")  # type: ignore[arg-type]
    made = method.adapt(base, TASK, PRACTICE, Desk(tmp_path / "rung", tmp_path / "cache", trials=1))
    told = " ".join(remark["en"] for remark in made.story.remarks)
    assert "rows of each task and its share of the loss: main" in told
    assert "topics" in told
    assert "mean cosine between the tasks' gradients, with its 95 % interval: main / topics" in told
    assert "loss on dev" in told
    [look] = [json.loads(line) for line in (tmp_path / "rung" / "tasks.jsonl").read_text().splitlines()]
    assert set(look["dev_loss"]) == {"main", "topics"}
    [pair] = look["gradient_cosines"]
    assert pair["tasks"] == ["main", "topics"]
    assert len(pair["cosines"]) == DRAWS
    assert [one.id for one in made.predict(TEST, Meter())] == [example.id for example in TEST]


def test_rows_are_drawn_apart_and_others_at_the_next_look(tiny: TinyModels, tmp_path: Path) -> None:
    work = Work(tiny.open("llama", chat=True), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    lesson = Several((OTHER,)).lesson(work)
    first = list(lesson._draws())
    lesson.looks.append({})
    assert first != list(lesson._draws())
    for place, name in enumerate(lesson.names):
        rows = [row for drawn in first for row in drawn[name]]
        assert len(rows) == len(set(rows))
        assert {lesson.task_of[row] for row in rows} == {place}


@pytest.mark.parametrize("freedom", [3, 7, 40])
@pytest.mark.parametrize("p", [0.9, 0.975, 0.995])
def test_quantiles_are_those_of_student(freedom: int, p: float) -> None:
    assert t_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), rel=0.01)


def test_the_interval_covers_the_mean_as_often_as_it_says_and_holds_for_all_pairs_together() -> None:
    random = np.random.default_rng(0)
    for pairs in (1, 3):
        missed = 0
        for _ in range(1000):
            pulls = [pull_of(random.normal(-0.2, 0.1, 8).tolist(), pairs=pairs) for _ in range(pairs)]
            missed += any(pull.low > -0.2 or pull.high < -0.2 for pull in pulls if pull.low and pull.high)
        assert missed / 1000 == pytest.approx(0.05, abs=0.021)  # three standard errors of 1,000 trials


def test_a_conflict_is_shown_by_the_draws_and_matters() -> None:
    assert pull_of([-0.3, -0.25, -0.35, -0.3]).verdict == "conflict"
    assert pull_of([-0.004, -0.005, -0.004, -0.005]).verdict == "neither", "surely below 0, but of no size"
    assert pull_of([-0.5, 0.2, -0.4, 0.1]).verdict == "neither", "of a size, but it may be chance"
    assert pull_of([0.3, 0.25, 0.35, 0.3]).verdict == "help"
    assert pull_of([-0.9, -0.9]).verdict == "unknown"
    assert pull_of([-0.3, -0.13, -0.2, -0.3], pairs=1).verdict == "conflict"
    assert pull_of([-0.3, -0.13, -0.2, -0.3], pairs=1000).verdict == "neither"


def test_what_is_said_of_conflicts_in_both_languages() -> None:
    none, some, few = (
        " ".join(f"{one.en} {one.zh}" for one in conflicts_told({"a / b": pull}))
        for pull in (Pull(-0.004, -0.02, 0.01, 8), Pull(-0.3, -0.4, -0.2, 8), Pull(-0.3, None, None, 2))
    )
    assert "a / b 0.00 [−0.02, +0.01]" in none
    assert "no conflict" in none
    assert "未发现" in none
    assert "a / b: these tasks pull against each other" in some
    assert "相互冲突" in some
    assert "too few looks" in few
    assert "无法判断" in few
    assert conflicts_told({}) == []


def test_alone_it_trains_as_full_does(tiny: TinyModels, tmp_path: Path) -> None:
    """With the defaults: rows of a task are read several times, not once as much text is."""
    made = [
        method.adapt(tiny.open("llama", chat=True), TASK, PRACTICE, Desk(tmp_path / name, tmp_path / "cache", trials=1))
        for name, method in (("several", Multitask(patience=2)), ("full", Full()))
    ]
    first, second = ([(point.step, point.lr) for point in one.story.curve] for one in made)
    assert first == second
    losses = [[point.loss for point in one.story.curve] for one in made]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert not any("cosine" in remark["en"] for remark in made[0].story.remarks)


def test_a_wrong_task_is_named() -> None:
    with pytest.raises(UsageError, match=r"tasks\.0\.rows"):
        Multitask.read({"tasks": [{"name": "x"}]})
