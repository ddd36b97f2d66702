"""Tests of making a model from nothing: tokenizer, first weights, training rows, and a whole run of recipes in small."""

from pathlib import Path
from typing import Any

import pytest
import torch

from taskfit.app.train import TrainSettings, read_train, train
from taskfit.core.errors import DataError, NotPossible, UsageError
from taskfit.core.example import Message, example_of
from taskfit.core.files import read_json
from taskfit.core.task import Task
from taskfit.data.world.source import tokenizer_texts, world_examples
from taskfit.engine.talk import rows_of_examples, talk_row, text_row
from taskfit.model.fresh import FreshModel, make_model
from taskfit.model.open import open_local

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "tiny"
SMALL = {"width": 32, "layers": 2, "heads": 2, "inner": 64, "vocabulary": 3000, "least_count": 2}
OPEN = Task("generate", "")
TALK = (Message("system", "Be kind."), Message("user", "the lamp"), Message("assistant", "red"))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory) -> Any:
    folder = tmp_path_factory.mktemp("fresh")
    make_model(folder, FreshModel(**SMALL), tokenizer_texts(1000), seed=0)
    return open_local(str(folder))


def said(model: Any, row: Any) -> list[str]:
    return [model.tokenizer.decode([token]) for token, learned in zip(row.ids, row.learn, strict=True) if learned]


def test_every_role_is_one_token_and_any_text_survives_the_tokenizer(fresh):
    for markup in ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"):
        assert len(fresh.encode([markup])[0]) == 1
    text = "Zürich 价格 42€ 🙂\n\tend"
    assert fresh.tokenizer.decode(fresh.encode([text])[0]) == text


def test_the_words_of_the_world_are_whole_tokens_also_without_spaces_around(fresh):
    pieces = [fresh.tokenizer.decode([token]) for token in fresh.encode(["我的台灯坏了。"])[0]]
    assert "台灯" in pieces


def test_the_template_renders_what_transformers_renders_and_the_answer_follows_at_once(fresh):
    text = fresh.render(TALK[:2])
    theirs = fresh.tokenizer.apply_chat_template(
        [{"role": one.role, "content": one.content} for one in TALK[:2]], tokenize=False, add_generation_prompt=True
    )
    assert text == theirs == "<|system|>Be kind.<|end|><|user|>the lamp<|end|><|assistant|>"


def test_only_what_the_assistant_says_is_learned_with_the_token_that_ends_it(fresh):
    talk = (*TALK, Message("user", "the red cup"), Message("assistant", "blue moon"))
    row = talk_row(fresh, talk)
    assert "".join(said(fresh, row)) == "red<|end|>blue moon<|end|>"
    assert list(row.ids) == fresh.encode([fresh.render(talk, answer_next=False)])[0]


def test_of_a_long_talk_only_the_last_answers_may_be_learned(fresh):
    talk = (*TALK, Message("user", "the red cup"), Message("assistant", "blue moon"))
    assert "".join(said(fresh, talk_row(fresh, talk, last=1))) == "blue moon<|end|>"


def test_of_a_plain_text_every_token_is_learned_and_its_end(fresh):
    row = text_row(fresh, "the lamp")
    assert "".join(said(fresh, row)) == "the lamp<|end|>"


def test_a_target_is_the_last_answer(fresh):
    row = rows_of_examples(fresh, OPEN, [example_of("the lamp", "red")]).rows[0]
    assert "".join(said(fresh, row)) == "red<|end|>"


def test_a_row_without_an_answer_is_plain_text(fresh):
    row = rows_of_examples(fresh, OPEN, [example_of("the lamp", None)]).rows[0]
    assert "".join(said(fresh, row)) == "the lamp<|end|>"


def test_the_token_that_ends_an_answer_may_be_left_out(fresh):
    assert said(fresh, talk_row(fresh, TALK, end=False)) == ["red"]


def test_first_heads_look_one_two_and_three_tokens_back_and_others_at_their_like(tmp_path):
    make_model(tmp_path, FreshModel(width=160, layers=3, heads=5, least_count=2), tokenizer_texts(50), seed=1)
    network = open_local(str(tmp_path)).network
    network.set_attn_implementation("eager")
    ids = torch.randint(300, network.config.vocab_size, (1, 24), generator=torch.Generator().manual_seed(0))
    ids[0, -1] = ids[0, 10]
    with torch.no_grad():
        first, second, _ = network(ids, output_attentions=True).attentions
    for head, steps in enumerate((1, 2, 3)):
        assert int(first[0, head, -1].argmax()) == 23 - steps
    alike = second[0, :4, -1].mean(0)
    assert alike[10:14].sum() > 2 * alike[2:6].sum()


def test_the_same_seed_makes_the_same_model(fresh, tmp_path):
    make_model(tmp_path, FreshModel(**SMALL), tokenizer_texts(1000), seed=0)
    assert open_local(str(tmp_path)).card.fingerprint == fresh.card.fingerprint


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(UsageError, match="multiple of twice the heads"):
        FreshModel.read({"width": 100, "heads": 3})


def recipe(folder: Path, **changes: Any) -> TrainSettings:
    values: dict[str, Any] = {
        "method": "pretrain",
        "settings": {"batch": 16, "lr": 3e-3, "looks": 2},
        "new": SMALL,
        "rows": {"world": "documents", "count": 120, "dev": 20},
        "run": str(folder),
        "threads": 1,
    }
    return TrainSettings.read({**values, **changes})


def test_documents_then_conversations_make_a_model_that_opens_and_answers(tmp_path):
    first = train(recipe(tmp_path / "1"))
    rows = {"world": "conversations", "count": 60}
    second = train(recipe(tmp_path / "2", method="instruct", new=None, model=str(first), rows=rows))
    curve = read_json(tmp_path / "1" / "trained.json")["curve"]
    assert curve[-1]["loss"] < curve[0]["loss"]
    model = open_local(str(second))
    assert model.card.chat
    before, after = (open_local(str(one)).network.state_dict() for one in (first, second))
    assert any(not torch.equal(before[name], after[name]) for name in before)
    assert not (tmp_path / "1" / "checkpoints").exists()


def test_a_stopped_run_continues_and_gives_the_same_weights(tmp_path):
    whole = train(recipe(tmp_path / "whole"))
    settings = recipe(tmp_path / "cut")
    steps = []

    def interrupt(event: Any) -> None:
        if event.kind == "train.step":
            steps.append(event.data["step"])
            if len(steps) == 4:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(settings, interrupt)
    cut = train(settings)
    ours, theirs = (open_local(str(one)).network.state_dict() for one in (whole, cut))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert train(settings) == cut


def test_two_starts_and_two_sources_are_refused(tmp_path):
    with pytest.raises(UsageError, match="only one of 'model' and 'new'"):
        recipe(tmp_path, model="tiny")
    with pytest.raises(UsageError, match="exactly one of 'files', 'datasets' and 'world'"):
        recipe(tmp_path, rows={"file": "a.csv", "world": "documents"})


def test_a_row_longer_than_the_context_is_named(tmp_path):
    small = {**SMALL, "context": 16}
    with pytest.raises(DataError, match="world:documents:1"):
        train(recipe(tmp_path, new=small))


def test_a_method_that_does_not_write_text_is_refused(tmp_path):
    with pytest.raises(NotPossible, match="generate"):
        train(recipe(tmp_path, method="head", settings={}))


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_recipes_in_the_repository_are_valid(path):
    settings = read_train(path)
    assert world_examples(settings.rows.world, 1)
