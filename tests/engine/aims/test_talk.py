"""Open answers and conversations are learned as a plain computation with transformers (and TRL's) learns them.

Tolerance 1e-5 of the loss: float32 sums in another order.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.learners import desk_at
from methods.open_task import ANSWERS, OPEN, TALKING, TALKS
from taskfit.core.example import Example, Practice
from taskfit.core.meter import Meter
from taskfit.engine.aims import talk
from taskfit.engine.aims.aim import Work
from taskfit.engine.aims.talk import Talk, TalkLesson
from taskfit.engine.learner import TokenLearner
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.talk import TalkRule
from taskfit.methods.lora import Lora
from taskfit.model.local import LocalModel
from taskfit.model.template import ChatTemplate
from tiny_models import CHAT, TinyModels


def lesson_of(model: LocalModel, practice: Practice, folder: Path, **more: Any) -> TalkLesson:
    task = OPEN if practice is ANSWERS else TALKING
    desk, _ = desk_at(folder)
    return Talk(**more).lesson(Work(model, task, practice, desk))


def loss_of(learner: TokenLearner) -> Tensor:
    rows = range(learner.rows)
    return learner.loss(rows, sum(map(learner.weight, rows)))


def said_and_asked(model: LocalModel, example: Example) -> tuple[list[int], list[int]]:
    """Return the tokens and labels of an open answer as transformers' own template writes them."""
    asked = [{"role": one.role, "content": one.content} for one in conversation(OPEN, example)]
    prompt = model.tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    ids, answer = model.encode([prompt, f"{example.target}<|end|>"])
    return ids + answer, [-100] * len(ids) + answer


def padded(rows: list[list[int]], filler: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])


def test_the_loss_and_gradients_of_open_answers_are_those_of_transformers(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    tuned = model.fork()
    learner = lesson_of(model, ANSWERS, tmp_path).learner(tuned)
    loss = loss_of(learner)
    loss.backward()  # type: ignore[no-untyped-call]
    pairs = [said_and_asked(model, example) for example in ANSWERS.train]
    ids, labels = padded([row for row, _ in pairs], 0), padded([row for _, row in pairs], -100)
    mask = padded([[1] * len(row) for row, _ in pairs], 0)
    plain = tiny.plain("llama").train()
    theirs = plain(input_ids=ids, attention_mask=mask, labels=labels).loss
    theirs.backward()
    assert loss.item() == pytest.approx(theirs.item(), rel=1e-5)
    named = dict(plain.named_parameters())
    for name, weight in tuned.network.named_parameters():
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad, named[name].grad, rtol=1e-4, atol=1e-6, msg=name)


def test_a_step_in_pieces_has_the_gradient_of_the_whole(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    lesson = lesson_of(model, TALKS, tmp_path)
    whole, pieces = lesson.learner(model.fork()), lesson.learner(model.fork())
    loss_of(whole).backward()  # type: ignore[no-untyped-call]
    total = sum(map(pieces.weight, range(pieces.rows)))
    for row in range(pieces.rows):  # pieces of one row each, which hold different numbers of learned tokens
        pieces.loss([row], total).backward()  # type: ignore[no-untyped-call]
    for (name, one), (_, other) in zip(
        whole.model.network.named_parameters(), pieces.model.network.named_parameters(), strict=True
    ):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6, msg=name)


def test_the_loss_is_that_of_trl(tiny: TinyModels, tmp_path: Path) -> None:
    trl, datasets = pytest.importorskip("trl"), pytest.importorskip("datasets")
    # TRL learns all that the template writes after an answer, ours what ends it: a template that writes no more.
    source = CHAT.replace("<|end|>\n", "<|end|>")
    model = tiny.open("llama", chat=True)
    model = replace(model, template=ChatTemplate(source, dict(model.template.variables)))
    ours = loss_of(lesson_of(model, ANSWERS, tmp_path).learner(model.fork()))
    tokenizer, plain = model.tokenizer.__class__.from_pretrained(model.folder), tiny.plain("llama")
    tokenizer.chat_template = source
    asked = [[{"role": m.role, "content": m.content} for m in conversation(OPEN, one)] for one in ANSWERS.train]
    answers = [[{"role": "assistant", "content": one.target}] for one in ANSWERS.train]
    rows = datasets.Dataset.from_dict({"prompt": asked, "completion": answers})
    config = trl.SFTConfig(
        output_dir=str(tmp_path / "trl"),
        per_device_train_batch_size=len(ANSWERS.train),
        use_cpu=True,
        bf16=False,
        report_to=[],
        gradient_checkpointing=False,
    )
    trainer = trl.SFTTrainer(plain, config, train_dataset=rows, processing_class=tokenizer)
    batch = next(iter(trainer.get_train_dataloader()))
    theirs = trainer.compute_loss(plain, batch)
    assert ours.item() == pytest.approx(float(theirs), rel=1e-5)


def test_dev_is_scored_by_the_metric_on_written_answers_and_ordered_by_the_loss(
    tiny: TinyModels, tmp_path: Path
) -> None:
    model = tiny.open("llama", chat=True)
    asked = PromptPredictor(model, OPEN).predict([one.without_target() for one in ANSWERS.dev], Meter())
    # Rows whose gold answers are what the model writes: it has all of them right.
    dev = tuple(replace(one, target=said.answer or "-") for one, said in zip(ANSWERS.dev, asked, strict=True))
    lesson = lesson_of(model, ANSWERS, tmp_path)
    right = replace(lesson, work=replace(lesson.work, practice=Practice(ANSWERS.train, dev)))
    learner = lesson.learner(model.fork())
    share = sum(one.answer is not None for one in asked) / len(asked)
    assert share - 1e-3 <= right.dev_score(learner) < share
    assert -1e-3 <= lesson.dev_score(learner) < 0


def test_without_gold_answers_or_a_metric_minus_the_loss_is_the_score(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    lesson = lesson_of(model, TALKS, tmp_path)
    learner = lesson.learner(model.fork())
    dev = replace(lesson, rows=lesson.dev).learner(model.fork())
    assert lesson.dev_score(learner) == pytest.approx(-loss_of(dev).item(), rel=1e-5)
    for metric in ("loss", "mae"):
        named = replace(lesson.work, practice=ANSWERS, task=replace(OPEN, metrics=(metric,)))
        assert replace(lesson, work=named).written == []


def test_of_many_dev_rows_a_part_is_answered_and_that_is_told(
    tiny: TinyModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "MOST_WRITTEN", 2)
    lesson = lesson_of(tiny.open("llama", chat=True), ANSWERS, tmp_path)
    assert len(lesson.written) == 2
    assert lesson.written == lesson.written
    assert any("2 of 3 dev rows" in remark.en for remark in lesson.remarks)


def test_dev_rows_that_teach_nothing_are_refused(tiny: TinyModels, tmp_path: Path) -> None:
    from taskfit.core.errors import DataError

    asked = tuple(replace(one, messages=one.messages[:1]) for one in TALKS.dev)
    idle = tuple(replace(one, messages=(*one.messages, TALKS.dev[0].messages[1])) for one in asked)
    silent = tuple(replace(one, messages=(one.messages[0], replace(one.messages[1], weight=0.0))) for one in idle)
    with pytest.raises(DataError, match="no dev row has anything to learn"):
        lesson_of(tiny.open("llama", chat=True), Practice(TALKS.train, silent), tmp_path)


def test_only_the_last_answer_is_learned_where_the_rule_says_so(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    every = lesson_of(model, TALKS, tmp_path)
    last = lesson_of(model, TALKS, tmp_path, rule=TalkRule(last=1))
    whole = lesson_of(model, TALKS, tmp_path, rule=TalkRule(learn="all"))
    counts = [sum(map(sum, (row.learn for row in one.rows))) for one in (last, every, whole)]
    assert counts[0] < counts[1] < counts[2]


def test_accumulation_changes_nothing_but_rounding(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    # Adam divides gradients by their own size, which carries rounding on from step to step.
    short = {"lr": 0.1, "max_steps": 3, "batch": 4, "optimizer": "sgd"}
    found = []
    for pieces in (1, 4):
        desk, _ = desk_at(tmp_path / str(pieces))
        made = Lora.read({**short, "accumulation": pieces}).adapt(model, TALKING, TALKS, desk)
        found.append([point.loss for point in made.story.curve])
    assert found[0] == pytest.approx(found[1], rel=1e-5)


def test_the_preflight_shows_what_is_learned(tiny: TinyModels, tmp_path: Path) -> None:
    desk, events = desk_at(tmp_path)
    Talk().lesson(Work(tiny.open("llama", chat=True), TALKING, TALKS, desk))
    (found,) = [event for event in events if event.kind == "preflight"]
    assert found.data["answers"] == 2 * len(TALKS.train)


def test_what_is_asked_after_training_holds_the_tools_that_were_trained_with(tiny: TinyModels, tmp_path: Path) -> None:
    model = tiny.open("llama", chat=True)
    tool = '{"name": "weather"}'
    with_tool = tuple(replace(one, tools=(tool,)) for one in ANSWERS.train)
    lesson = lesson_of(model, Practice(with_tool, ANSWERS.dev), tmp_path)
    (said,) = PromptPredictor(model, TALKING).predict([with_tool[0].without_target()], Meter())
    assert "weather" in said.prompt
    assert list(lesson.rows[0].ids)[: said.tokens_in] == model.encode([said.prompt])[0]
