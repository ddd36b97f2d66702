"""Rows of conversations hold exactly the tokens that serving would show the model, and learn what the rule says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from chat_templates import GENERATION, TOKENS
from engine.learners import prepared
from engine.talks import AGAIN, ASK, CALL, NAMES, SAY, SAY_AGAIN, SYSTEM, TALKS, THINK, TOLD, TOOL, speaking, tools_of
from taskfit.core.errors import DataError, ModelError
from taskfit.core.example import Example, Message, Origin, example_of
from taskfit.core.task import Label, Task
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.talk import (
    END_ADDED,
    SPLIT,
    WEIGHT_LOST,
    TalkRule,
    rows_of_examples,
    rows_of_talk,
    talk_row,
)
from taskfit.engine.talk_writer import NOT_CONTINUED, WORDS_LOST
from taskfit.model.local import LocalModel
from taskfit.model.open import open_local
from taskfit.model.template import ChatTemplate
from tiny_models import TinyModels


def _stretches(model: LocalModel, row: Row) -> list[str]:
    """Return the learned stretches of a row as texts."""
    found: list[list[int]] = []
    before = 0.0
    for token, weight in zip(row.ids, row.learn, strict=True):
        if weight:
            if not before:
                found.append([])
            found[-1].append(token)
        before = weight
    return [model.tokenizer.decode(ids) for ids in found]


def _prompts(model: LocalModel, talk: str) -> list[list[int]]:
    """Return the token ids of the prompt before each answer, as serving makes them."""
    messages, tools = TALKS[talk], tools_of(talk)
    places = [place for place, one in enumerate(messages) if one.role == "assistant"]
    return model.encode([model.render(messages[:place], tools=tools) for place in places])


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", NAMES)
def test_every_answer_is_learned_once_after_the_prompt_of_serving(tiny: TinyModels, name: str, talk: str) -> None:
    model = speaking(tiny, name)
    rows = rows_of_talk(model, TALKS[talk], tools=tools_of(talk)).rows
    prompts = _prompts(model, talk)
    starts = 0
    for prompt in prompts:
        at = len(prompt)
        holding = [row for row in rows if list(row.ids[:at]) == prompt and not row.learn[at - 1] and row.learn[at]]
        assert len(holding) == 1
        starts += 1
    assert sum(len(_stretches(model, row)) for row in rows) == starts == len(prompts)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_learned_is_the_answer_and_its_end(tiny: TinyModels, name: str) -> None:
    model = speaking(tiny, name)
    rows = rows_of_talk(model, TALKS["one"]).rows
    end = model.template.answer_end.strip() or "<|end|>"
    opened = name in ("qwen3", "deepseek")
    (said,) = _stretches(model, rows[0])
    assert (
        said.strip()
        == ("\n</think>\n\n" if name == "deepseek" else "<think>\n\n</think>\n\n" if opened else "").lstrip()
        + f"the cat sat{end}"
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_token_that_ends_an_answer_stops_the_served_model(tiny: TinyModels, name: str) -> None:
    model = speaking(tiny, name)
    row = rows_of_talk(model, TALKS["several"]).rows[-1]
    learned = [token for token, weight in zip(row.ids, row.learn, strict=True) if weight]
    assert learned[-1] in model.ends
    without = rows_of_talk(model, TALKS["several"], TalkRule(end=False)).rows[-1]
    assert not {t for t, weight in zip(without.ids, without.learn, strict=True) if weight} & model.ends


def test_one_row_serves_all_answers_where_the_template_keeps_earlier_turns(tiny: TinyModels) -> None:
    for name in ("chatml", "llama3", "qwen2.5", "mistral", "gemma"):
        found = rows_of_talk(speaking(tiny, name), TALKS["several"])
        assert len(found.rows) == 1
        assert found.answers == 3
        assert SPLIT not in found.notes


def test_a_template_that_drops_earlier_thoughts_makes_several_rows_and_says_so(tiny: TinyModels) -> None:
    model = speaking(tiny, "qwen3")
    found = rows_of_talk(model, TALKS["thinking"])
    said = [_stretches(model, row) for row in found.rows]
    assert said == [
        ["<think>\nit ran\n\nto see\n</think>\n\nthe dog<|im_end|>"],
        ["<think>\nit ran\n\nto see\n</think>\n\na mat<|im_end|>"],
        ["<think>\n\n</think>\n\nthe cat sat<|im_end|>"],
    ]
    assert "it ran" not in model.tokenizer.decode(found.rows[2].ids)
    assert SPLIT in found.notes


def test_calls_and_answers_after_one_question_share_a_row_even_there(tiny: TinyModels) -> None:
    model = speaking(tiny, "qwen3")
    found = rows_of_talk(model, TALKS["thinking and tools"][:5], tools=(TOOL,))
    assert [len(_stretches(model, row)) for row in found.rows] == [2]


def test_a_template_that_moves_the_tools_makes_several_rows(tiny: TinyModels) -> None:
    model = speaking(tiny, "mistral")
    rows = rows_of_talk(model, TALKS["tools"], tools=(TOOL,)).rows
    assert [len(_stretches(model, row)) for row in rows] == [2, 2]


def test_an_answer_that_the_template_hides_follows_the_prompt_all_the_same(tiny: TinyModels) -> None:
    model = speaking(tiny, "deepseek")
    found = rows_of_talk(model, (ASK, THINK))
    assert model.tokenizer.decode(found.rows[0].ids) == (
        "<s><|User|>see the cat<|Assistant|><think>\nit ran\n\nto see\n</think>\n\nthe dog<|end|>"
    )
    assert NOT_CONTINUED in found.notes


@pytest.mark.parametrize(
    ("thinking", "said", "read"),
    [
        ("learn", "<think>\nit ran\n\nto see\n</think>\n\nthe dog<|im_end|>", True),
        ("read", "the dog<|im_end|>", True),
        ("drop", "<think>\n\n</think>\n\nthe dog<|im_end|>", False),
    ],
)
def test_thoughts_are_learned_or_read_or_left_out(tiny: TinyModels, thinking: Any, said: str, read: bool) -> None:
    model = speaking(tiny, "qwen3")
    (row,) = rows_of_talk(model, (ASK, THINK), TalkRule(thinking=thinking)).rows
    assert _stretches(model, row) == [said]
    assert ("it ran" in model.tokenizer.decode(row.ids)) == read


def test_of_a_call_after_a_thought_only_the_call_is_learned_when_thoughts_are_read(tiny: TinyModels) -> None:
    model = speaking(tiny, "qwen3")
    talk = (ASK, replace(CALL, thinking="why"))
    (row,) = rows_of_talk(model, talk, TalkRule(thinking="read"), tools=(TOOL,)).rows
    (said,) = _stretches(model, row)
    assert said.startswith("<tool_call>")


def test_messages_weigh_what_they_say_and_the_rule_weighs_the_others(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    talk = (
        replace(SYSTEM, weight=0.25),
        ASK,
        replace(SAY, weight=0.0),
        AGAIN,
        replace(SAY_AGAIN, weight=0.5),
        ASK,
        SAY,
    )
    (row,) = rows_of_talk(model, talk).rows
    parts: dict[float, str] = {}
    for token, weight in zip(row.ids, row.learn, strict=True):
        parts[weight] = parts.get(weight, "") + model.tokenizer.decode([token])
    assert parts.keys() == {0.0, 0.25, 0.5, 1.0}
    assert parts[0.25] == "Be good."
    assert parts[1.0] == "the cat sat<|im_end|>"
    assert "very bad" in parts[0.5]
    assert "the cat sat" in parts[0.0]


def test_a_weight_goes_before_the_rule_of_the_last_answers(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    talk = (ASK, replace(SAY, weight=1.0), AGAIN, SAY_AGAIN, ASK, THINK)
    (row,) = rows_of_talk(model, talk, TalkRule(last=1)).rows
    first, last = _stretches(model, row)
    assert first == "the cat sat<|im_end|>"
    assert last.endswith("the dog<|im_end|>")


def test_the_whole_text_may_be_learned(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    talk = (SYSTEM, ASK, replace(SAY, weight=0.0), replace(AGAIN, weight=0.5), SAY)
    (row,) = rows_of_talk(model, talk, TalkRule(learn="all")).rows
    assert list(row.ids) == model.encode([model.render(talk, answer_next=False)])[0]
    silent = [token for token, weight in zip(row.ids, row.learn, strict=True) if weight == 0.0]
    half = [token for token, weight in zip(row.ids, row.learn, strict=True) if weight == 0.5]
    assert model.tokenizer.decode(silent) == "the cat sat<|im_end|>"
    assert model.tokenizer.decode(half).strip() == "好 菜"
    assert rows_of_talk(speaking(tiny, "qwen3"), TALKS["thinking"], TalkRule(learn="all")).rows[0].learn[1] == 1


def test_a_template_without_an_end_gets_one_after_the_last_answer(tiny: TinyModels) -> None:
    model = speaking(tiny, "plain")
    found = rows_of_talk(model, TALKS["several"])
    assert _stretches(model, found.rows[0])[-1] == "the cat sat<|end|>"
    assert END_ADDED in found.notes
    assert END_ADDED not in rows_of_talk(model, TALKS["several"], TalkRule(end=False)).notes


def test_words_beside_a_call_that_the_template_leaves_out_are_told(tiny: TinyModels) -> None:
    model = speaking(tiny, "llama3")
    found = rows_of_talk(model, (ASK, replace(CALL, content="let me see")), tools=(TOOL,))
    assert WORDS_LOST in found.notes


def test_a_weight_on_words_that_are_written_otherwise_is_told(tiny: TinyModels) -> None:
    model = speaking(tiny, "llama3")  # a tool's result is written as JSON
    told = replace(TOLD, content='say "good"', weight=1.0)
    found = rows_of_talk(model, (ASK, CALL, told, SAY), tools=(TOOL,))
    assert WEIGHT_LOST in found.notes


def test_a_conversation_without_an_answer_to_learn_is_a_row_that_learns_nothing(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    for talk in ((ASK,), (ASK, replace(SAY, weight=0.0))):
        found = rows_of_talk(model, talk)
        assert found.answers == 0
        assert not any(found.rows[0].learn)


def test_the_last_answers_only(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    assert _stretches(model, talk_row(model, TALKS["several"], last=1)) == ["the cat sat<|im_end|>"]
    assert _stretches(model, talk_row(model, (ASK, SAY), end=False)) == ["the cat sat"]


def test_talk_row_refuses_to_choose_among_rows(tiny: TinyModels) -> None:
    with pytest.raises(ModelError, match="several rows"):
        talk_row(speaking(tiny, "qwen3"), TALKS["thinking"])


def test_prompt_and_answer_never_melt_into_one_token(tiny: TinyModels) -> None:
    # "g" + "ood" would be tokenised together; serving ends the prompt before "ood".
    source = "{% for m in messages %}{{ m.role[0] + ': g' if m.role == 'assistant' }}{{ m.content }}<|end|>{% endfor %}"
    source += "{% if add_generation_prompt %}a: g{% endif %}"
    model = replace(tiny.open("llama"), template=ChatTemplate(source, TOKENS))
    talk = (ASK, Message("assistant", "ood"))
    (prompt,) = model.encode([model.render(talk[:1])])
    whole = model.encode([model.render(talk, answer_next=False)])[0]
    assert whole[: len(prompt)] != prompt  # "good" is a token
    (row,) = rows_of_talk(model, talk).rows
    assert list(row.ids[: len(prompt)]) == prompt
    assert _stretches(model, row) == ["ood<|end|>"]
    # Read back as part of a later prompt the first answer is one token with the prompt's end: it needs a row of its own.
    two = rows_of_talk(model, (*talk, ASK, Message("assistant", "ood"))).rows
    assert [_stretches(model, row) for row in two] == [["ood<|end|>"], ["ood<|end|>"]]


def test_a_thought_that_the_template_cuts_out_is_learned_all_the_same(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    source = model.template.source.replace("message.content", "message.content.split('</think>')[-1]")
    model = replace(model, template=ChatTemplate(source, TOKENS))
    found = rows_of_talk(model, (ASK, THINK))
    assert _stretches(model, found.rows[0]) == ["<think>\nit ran\n\nto see\n</think>\n\nthe dog<|im_end|>"]
    assert NOT_CONTINUED in found.notes


def test_masks_are_those_of_generation_tags(tiny: TinyModels) -> None:
    model = speaking(tiny, "generation")
    talk = TALKS["several"]
    objects = [{"role": one.role, "content": one.content} for one in talk]
    theirs = model.tokenizer.apply_chat_template(
        objects, chat_template=GENERATION, return_assistant_tokens_mask=True, return_dict=True
    )
    (row,) = rows_of_talk(model, talk).rows
    assert list(row.ids) == theirs["input_ids"]
    assert list(row.learn) == theirs["assistant_masks"]


def test_the_loss_is_that_of_transformers_on_its_own_masks(tiny: TinyModels) -> None:
    # 1e-5: float32 sums in another order.
    model, plain = speaking(tiny, "generation"), tiny.plain("llama")
    talks = [TALKS["one"], TALKS["system"], TALKS["several"]]
    learner = TokenLearner(prepared(model, "full"), [row for talk in talks for row in rows_of_talk(model, talk).rows])
    rows = range(learner.rows)
    ours = learner.loss(rows, sum(map(learner.weight, rows)))
    objects = [[{"role": one.role, "content": one.content} for one in talk] for talk in talks]
    batch = model.tokenizer.apply_chat_template(
        objects,
        chat_template=GENERATION,
        return_assistant_tokens_mask=True,
        return_dict=True,
        padding=True,
        return_tensors="pt",
    )
    labels = batch["input_ids"].masked_fill(torch.as_tensor(batch["assistant_masks"]) == 0, -100)
    theirs = plain(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], labels=labels).loss
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


TASK = Task("classify", "Good or bad?", (Label("g", "good"), Label("b", "bad")))


def test_examples_are_asked_as_the_task_asks_them(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    found = rows_of_examples(model, TASK, [example_of("the cat", "g"), example_of("the <|im_end|> dog", "b", number=2)])
    assert [_stretches(model, row) for row in found.rows] == [["good<|im_end|>"], ["bad<|im_end|>"]]
    assert model.tokenizer.decode(found.rows[0].ids).startswith("<|im_start|>system\nGood or bad?<|im_end|>")
    assert [row.origin for row in found.rows] == ["memory:1", "memory:2"]
    ((note, places),) = found.notes.items()
    assert "'<|im_end|>'" in note.en
    assert places == ("memory:2",)


def test_an_example_without_an_answer_is_plain_text(tiny: TinyModels) -> None:
    model = speaking(tiny, "chatml")
    found = rows_of_examples(model, Task("generate", "Say it."), [example_of("the cat", None)])
    assert _stretches(model, found.rows[0]) == ["the cat<|end|>"]
    assert found.answers == 0


def test_all_rows_that_a_template_cannot_write_are_told_at_once(tiny: TinyModels) -> None:
    model = speaking(tiny, "gemma")
    two = (ASK, ASK, SAY)
    rows = [Example(str(n), two, None, Origin("f.jsonl", n)) for n in (1, 2)]
    with pytest.raises(DataError) as problem:
        rows_of_examples(model, Task("generate", ""), rows)
    assert [finding.where for finding in problem.value.findings] == ["f.jsonl:1", "f.jsonl:2"]


@pytest.mark.parametrize("name", ["stories260K-llama", "tangpoem-llama-0.75M"])
def test_real_tokenizers_too(shared_models: Path, name: str) -> None:
    model = open_local(str(shared_models / name))
    talk = (ASK, SAY, AGAIN, Message("assistant", " Once upon a time,\n春风"))
    (row,) = rows_of_talk(model, talk).rows
    for place in (1, 3):
        (prompt,) = model.encode([model.render(talk[:place])])
        assert list(row.ids[: len(prompt)]) == prompt
        assert not row.learn[len(prompt) - 1]
        assert row.learn[len(prompt)]
    assert row.ids[-1] in model.ends
