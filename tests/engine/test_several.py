"""Several tasks at once: shares, conflicts, steps without conflicts."""

import json
from pathlib import Path

import pytest
import torch

from methods.open_task import ANSWERS, OPEN
from methods.small_task import TASK, divided, write_csv
from taskfit.core.errors import UsageError
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.aims.aim import Work
from taskfit.engine.aims.several import Other, Several, shares_of
from taskfit.engine.conflict import ProjectedLearner, cosines, gradient_of, projected
from taskfit.engine.learner import TokenLearner
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
    assert "mean cosine between the tasks' gradients: main / topics" in told
    assert "loss on dev" in told
    [look] = [json.loads(line) for line in (tmp_path / "rung" / "tasks.jsonl").read_text().splitlines()]
    assert set(look["dev_loss"]) == {"main", "topics"}
    assert [one.id for one in made.predict(TEST, Meter())] == [example.id for example in TEST]


def test_a_wrong_task_is_named() -> None:
    with pytest.raises(UsageError, match=r"tasks\.0\.rows"):
        Multitask.read({"tasks": [{"name": "x"}]})
