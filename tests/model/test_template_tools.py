"""Tools, calls, results and thoughts are written as transformers writes them, or in our words where a template cannot."""

import json
from dataclasses import replace

import pytest

from chat_templates import MISTRAL, QWEN3, QWEN25, TEMPLATES, TOKENS
from taskfit.core.errors import ModelError
from taskfit.core.example import Message, ToolCall
from taskfit.model.template import PLAIN, ChatTemplate
from taskfit.model.template_check import check_template
from taskfit.model.template_tools import (
    CALLS_IN_WORDS,
    RESULTS_AS_USER,
    THOUGHT_IN_WORDS,
    TOOLS_IN_SYSTEM,
    numbered,
)

BARE = '{"name": "weather", "description": "the weather", "parameters": {"type": "object", "properties": {}}}'
TOOL = f'{{"type": "function", "function": {BARE}}}'
CALL = ToolCall("weather", '{"town": "北京", "days": 2}', "abc123xyz")
TALK = (
    Message("user", "cold?"),
    Message("assistant", "", calls=(CALL,)),
    Message("tool", "-3", call_id="abc123xyz"),
    Message("assistant", "Yes.", thinking="minus three is cold"),
)


@pytest.fixture(scope="module")
def by_transformers():
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from transformers import PreTrainedTokenizerFast

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(WordLevel({"<unk>": 0}, "<unk>")), **TOKENS)

    def write(source: str, messages: list[dict], tools: list[dict] | None) -> str:
        return tokenizer.apply_chat_template(messages, tools=tools, chat_template=source, tokenize=False)

    return write


def _template(name: str) -> ChatTemplate:
    return ChatTemplate(TEMPLATES[name], TOKENS)


def _their_messages(name: str) -> list[dict]:
    arguments = CALL.arguments if name == "deepseek" else json.loads(CALL.arguments)
    call = {"id": CALL.id, "type": "function", "function": {"name": CALL.name, "arguments": arguments}}
    return [
        {"role": "user", "content": "cold?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "-3", "name": "weather", "tool_call_id": CALL.id},
        {"role": "assistant", "content": "Yes.", "reasoning_content": "minus three is cold"},
    ]


@pytest.mark.parametrize("name", ["llama3", "qwen2.5", "qwen3", "mistral"])
def test_tools_calls_and_results_are_written_as_by_transformers(name: str, by_transformers):
    theirs = by_transformers(TEMPLATES[name], _their_messages(name), [json.loads(TOOL)])
    talk = (*TALK[:3], replace(TALK[3], thinking="" if name != "qwen3" else TALK[3].thinking))
    assert _template(name).render(talk, answer_next=False, tools=(TOOL,)) == theirs
    assert not _template(name).notes(talk, (TOOL,))


def test_arguments_are_given_as_text_to_a_template_that_wants_text(by_transformers):
    template = _template("deepseek")
    assert template.knows.arguments_as_text
    theirs = by_transformers(template.source, _their_messages("deepseek"), None)
    assert template.render((*TALK[:3], Message("assistant", "Yes.")), answer_next=False) == theirs


def test_a_bare_schema_is_put_where_templates_look_for_it():
    template = _template("qwen2.5")
    assert template.render(TALK[:1], answer_next=True, tools=(BARE,)) == template.render(
        TALK[:1], answer_next=True, tools=(TOOL,)
    )


@pytest.mark.parametrize(
    ("name", "tools", "calls", "results", "thought"),
    [
        ("chatml", False, False, True, ""),
        ("llama3", True, True, True, ""),
        ("qwen2.5", True, True, True, ""),
        ("qwen3", True, True, True, "reasoning_content"),
        ("mistral", True, True, True, ""),
        ("gemma", False, False, False, ""),
        ("deepseek", False, True, True, ""),
    ],
)
def test_it_is_found_out_what_a_template_knows(name: str, tools: bool, calls: bool, results: bool, thought: str):
    knows = _template(name).knows
    assert (knows.tools, knows.calls, knows.results, knows.thought) == (tools, calls, results, thought)


@pytest.mark.parametrize("name", ["chatml", "gemma", "plain"])
def test_what_a_template_does_not_know_stands_in_our_words_and_is_told(name: str):
    template = PLAIN if name == "plain" else _template(name)
    text = template.render(TALK, answer_next=False, tools=(BARE,))
    for part in ('"name": "weather"', "北京", "-3", "<think>\nminus three is cold\n</think>\n\nYes."):
        assert part in text
    told = set(template.notes(TALK, (BARE,)))
    assert told >= {TOOLS_IN_SYSTEM, CALLS_IN_WORDS, THOUGHT_IN_WORDS}
    assert (RESULTS_AS_USER in told) == (name == "gemma")


def test_several_results_become_one_user_turn_where_roles_must_alternate():
    calls = (CALL, ToolCall("weather", "{}", "2"))
    talk = (TALK[0], Message("assistant", "", calls=calls), Message("tool", "one"), Message("tool", "two"), TALK[3])
    text = _template("gemma").render(talk, answer_next=False)
    assert "user\n<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response><end_of_turn>" in text


def test_a_system_text_and_tools_of_our_own_share_one_system_turn():
    text = _template("chatml").render([Message("system", "Be kind."), TALK[0]], answer_next=True, tools=(BARE,))
    assert text.startswith("<|im_start|>system\nBe kind.\n\nYou may call these tools:")
    assert text.count("<|im_start|>system") == 1


def test_plain_talks_are_rendered_as_before():
    assert not _template("chatml").notes(TALK[:1])
    assert (
        _template("qwen3").render(TALK[:1], answer_next=True)
        == "<|im_start|>user\ncold?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_missing_ids_are_made_and_results_find_their_call():
    talk = (
        Message("assistant", "", calls=(ToolCall("a", "{}"), ToolCall("b", "{}"))),
        Message("tool", "of a"),
        Message("tool", "of b"),
    )
    first, one, two = numbered(talk)
    assert [call.id for call in first.calls] == ["call00001", "call00002"]
    assert (one.call_id, one.name, two.call_id, two.name) == ("call00001", "a", "call00002", "b")


def test_ids_of_another_length_are_replaced_where_a_template_refuses_them():
    call = replace(CALL, id="call_0123456789")
    talk = (TALK[0], Message("assistant", "", calls=(call,)), Message("tool", "-3", call_id=call.id))
    text = ChatTemplate(MISTRAL, TOKENS).render(talk, answer_next=True)
    assert text.count("call00001") == 2
    assert call.id not in text


def test_what_a_template_refuses_is_an_error_in_its_words():
    two = Message("assistant", "", calls=(CALL, CALL))
    with pytest.raises(ModelError, match="only single tool-calls"):
        _template("llama3").render((TALK[0], two), answer_next=False)


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_of_the_field_pass_the_check(name: str):
    check_template(_template(name))


@pytest.mark.parametrize("source", [QWEN25, QWEN3])
def test_a_hostile_branch_that_only_tools_reach_is_found(source: str):
    bomb = source.replace("# Tools", "# Tools' ~ 'A' * 10000000000 * 20 ~ '")
    with pytest.raises(ModelError, match="refused"):
        check_template(ChatTemplate(bomb, TOKENS))
