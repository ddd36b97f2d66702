"""Imitation: the loss is Hinton's, a model that imitates itself has nothing to learn, prompts become shorter."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from methods.open_task import ANSWERS, OPEN, TALKING, TALKS
from methods.small_task import TASK, divided
from taskfit.core.errors import DataError, ModelError, UsageError
from taskfit.core.example import Practice
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.engine.aims.aim import Work
from taskfit.engine.aims.imitate import Imitate, ImitationLesson, check_same_tokens
from taskfit.engine.aims.words import answer_rows
from taskfit.engine.imitation import Mix, Taught, imitation_loss
from taskfit.engine.learner import TokenLearner
from taskfit.engine.reading import Length
from taskfit.methods.distill import Distill
from taskfit.methods.shorten import Shorten
from taskfit.model.open import open_local
from tiny_models import TinyModels
from tiny_models import tiny as tiny

PRACTICE, TEST = divided()


@pytest.mark.parametrize("mix", [Mix(0.0, 1.0), Mix(0.3, 2.0), Mix(1.0, 1.0), Mix(1.0, 4.0)])
@pytest.mark.parametrize("more", [0, 3])
def test_loss_and_gradients_are_those_of_the_plain_formula(mix: Mix, more: int) -> None:
    torch.manual_seed(0)
    hidden = torch.randn(7, 6, dtype=torch.float64, requires_grad=True)
    head = torch.randn(11, 6, dtype=torch.float64, requires_grad=True)
    states, guide = torch.randn(7, 4, dtype=torch.float64), torch.randn(11 + more, 4, dtype=torch.float64)
    targets = torch.randint(0, 11, (7,))
    logits, wanted = hidden @ head.T, states @ guide[:11].T
    warm = mix.temperature
    kl = functional.kl_div(
        torch.log_softmax(logits / warm, -1), torch.log_softmax(wanted / warm, -1), reduction="sum", log_target=True
    )
    plain = (
        mix.share * warm**2 * kl + (1 - mix.share) * functional.cross_entropy(logits, targets, reduction="sum")
    ) / 5
    expected = torch.autograd.grad(plain, [hidden, head])
    found = imitation_loss(hidden, head, Taught(states, guide, targets), 5.0, mix)
    assert float(found.detach()) == pytest.approx(float(plain.detach()), rel=1e-5)  # the fast one works in float32
    for ours, theirs in zip(torch.autograd.grad(found, [hidden, head]), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


def test_a_model_that_imitates_itself_under_the_same_prompt_has_nothing_to_learn(
    tiny: TinyModels, tmp_path: Path
) -> None:
    model = tiny.open("llama", chat=True)
    work = Work(model, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    lesson = Imitate(share=1.0, temperature=1.0, answers="gold").lesson(work)
    learner = lesson.learner(model.fork())
    learner.mode(training=True)
    loss = learner.loss(range(4), 4.0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.0, abs=1e-5)
    assert max(float(weight.grad.abs().max()) for weight in learner.trained().values()) < 1e-5
    learner.mode(training=False)
    plain = TokenLearner(model, lesson.rows)
    assert float(learner.loss([0, 1], 2.0).detach()) == pytest.approx(float(plain.loss([0, 1], 2.0).detach()), rel=1e-6)


def test_rows_asked_after_examples_end_in_the_same_answer(tiny: TinyModels) -> None:
    model = tiny.open("llama", chat=True)
    short = answer_rows(model, replace(TASK, instruction=""), PRACTICE.train[3:6])
    long = answer_rows(model, TASK, PRACTICE.train[3:6], PRACTICE.train[:3])
    for one, other in zip(short, long, strict=True):
        ends = [[t for t, learned in zip(row.ids, row.learn, strict=True) if learned] for row in (one, other)]
        assert ends[0] == ends[1]
        assert len(other.ids) > len(one.ids)


def test_distilled_from_a_teacher_its_answers_are_kept_and_asked_for_once(tiny: TinyModels, tmp_path: Path) -> None:
    student = tiny.open("llama", chat=True)
    method = Distill(teacher=str(tiny.folder("llama", chat=True)), answers="teacher", logits=0.5, epochs=1.0)
    desk = Desk(tmp_path, tmp_path / "cache", trials=1)
    made = method.adapt(student, TASK, PRACTICE, desk)
    said = json.loads((tmp_path / "teacher.json").read_text())["answers"]
    assert len(said) == len(PRACTICE.train)
    assert set(said) <= set(TASK.label_names)
    assert any("the teacher agrees with the given answer on" in remark["en"] for remark in made.story.remarks)
    answers = made.predict(TEST, Meter())
    made.save(tmp_path / "saved")
    again = method.restore(tiny.open("llama", chat=True), TASK, tmp_path / "saved")
    assert [one.scores for one in again.predict(TEST, Meter())] == [one.scores for one in answers]


def test_the_rows_answers_are_learned_and_the_teacher_asked_only_where_there_are_none(
    tiny: TinyModels, tmp_path: Path
) -> None:
    unanswered = tuple(replace(row, target=None) for row in PRACTICE.train[:5])
    practice = Practice((*unanswered, *PRACTICE.train[5:]), PRACTICE.dev)
    work = Work(tiny.open("llama", chat=True), TASK, practice, Desk(tmp_path, tmp_path / "cache"))
    lesson = Imitate(shots=2).lesson(replace(work, desk=Desk(tmp_path / "1", tmp_path / "cache")))
    assert len(json.loads((tmp_path / "1" / "teacher.json").read_text())["answers"]) == 5
    given = answer_rows(work.model, TASK, PRACTICE.train[7:])  # two are shown
    assert [row.ids for row in lesson.rows[-len(given) :]] == [row.ids for row in given]
    assert len(lesson.rows) <= len(given) + 5
    assert lesson.mix.share == 0.5
    Imitate(answers="gold").lesson(replace(work, desk=Desk(tmp_path / "2", tmp_path / "cache")))
    assert not (tmp_path / "2" / "teacher.json").exists()


def test_a_model_that_would_teach_itself_learns_the_answers_alone_and_says_so(tiny: TinyModels, tmp_path: Path) -> None:
    work = Work(tiny.open("llama", chat=True), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    for teacher in (None, str(tiny.folder("llama", chat=True))):
        lesson = Imitate(teacher).lesson(work)
        assert lesson.teacher is None
        assert isinstance(lesson.learner(work.model), TokenLearner)
        assert any("the teacher is the model itself" in remark.en for remark in lesson.remarks)
    after_examples = Imitate(shots=2).lesson(work)
    assert after_examples.mix.share == 0.5
    assert not any("the model itself" in remark.en for remark in after_examples.remarks)


@pytest.mark.parametrize(("answers", "share"), [("auto", 0.5), ("gold", 0.5), ("teacher", 1.0)])
def test_under_a_long_prompt_its_distribution_is_half_of_the_loss_beside_given_answers_else_all(
    tiny: TinyModels, tmp_path: Path, answers: str, share: float
) -> None:
    aim = Shorten.read({"answers": answers, "shots": 2}).aim()
    lesson = aim.lesson(Work(tiny.open("llama", chat=True), TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache")))
    assert isinstance(lesson, ImitationLesson)
    assert lesson.mix.share == share
    assert any(f"{share:.0%} of the loss is the teacher's distribution" in remark.en for remark in lesson.remarks)


def test_distilling_open_answers_and_conversations(tiny: TinyModels, tmp_path: Path) -> None:
    student = tiny.open("llama", chat=True)
    for name, task, practice in (("open", OPEN, ANSWERS), ("talk", TALKING, TALKS)):
        desk = Desk(tmp_path / name, tmp_path / "cache", trials=1)
        made = Distill(answers="gold", epochs=1.0, weights="lora").adapt(student, task, practice, desk)
        assert made.story.curve


def test_shortened_it_asks_with_fewer_tokens_and_says_how_many(tiny: TinyModels, tmp_path: Path) -> None:
    base, method = tiny.open("llama", chat=True), Shorten(shots=2, epochs=1.0, weights="lora")
    made = method.adapt(base, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache", trials=1))
    [saved] = [remark for remark in made.story.remarks if "are saved at every request" in remark["en"]]
    assert "每次请求节省" in saved["zh"]
    answers = made.predict(TEST, Meter())
    assert all(TASK.instruction not in one.prompt for one in answers)
    made.save(tmp_path / "saved")
    again = method.restore(tiny.open("llama", chat=True), TASK, tmp_path / "saved")
    assert [one.scores for one in again.predict(TEST, Meter())] == [one.scores for one in answers]


def test_what_cannot_be_imitated_is_refused(tiny: TinyModels, tmp_path: Path) -> None:
    llama = tiny.open("llama", chat=True)
    with pytest.raises(ModelError, match="other tokens"):
        check_same_tokens(llama, open_local("tiny"))
    work = Work(llama, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"))
    with pytest.raises(DataError, match="at most 5 are read"):
        Imitate(share=1.0, answers="gold", length=Length(5)).lesson(work)
    endpoint = {"url": "http://127.0.0.1:9/v1", "model": "m"}
    assert "set logits: 0" in str(Distill(teacher=endpoint, logits=0.5).impossible(llama.card, TASK))  # type: ignore[arg-type]
    assert Distill(teacher=endpoint).impossible(llama.card, TASK) is None  # type: ignore[arg-type]
    smoothed = Work(llama, TASK, PRACTICE, Desk(tmp_path, tmp_path / "cache"), label_smoothing=0.1)
    with pytest.raises(UsageError, match="label_smoothing"):
        Imitate(share=0.5, shots=1).lesson(smoothed)
    assert "cannot be cut" in str(Distill(too_long="split").impossible(llama.card, TASK))
    encoder = tiny.open("bert").card
    assert Distill().impossible(encoder, TASK) is not None
