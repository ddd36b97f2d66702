"""Conversations of the public dialects: OpenAI messages, ShareGPT, thoughts, tools, weights; what is wrong is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.core.example import Message, ToolCall
from taskfit.core.text import speak
from taskfit.data.read import Reading, read_rows

TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
ASK, TELL = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}


def reading(tmp_path: Path, *rows: Any) -> Reading:
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return read_rows(path, plain=True)


def reasons(tmp_path: Path, *talks: Any) -> list[str]:
    good = {"messages": [ASK, TELL]}
    return [row.reason.en for row in reading(tmp_path, *({"messages": talk} for talk in talks), good).listed]


def test_the_last_answer_is_the_target_when_it_is_only_words(tmp_path):
    row = {"messages": [{"role": "system", "content": "be kind"}, ASK, TELL, {"role": "user", "content": "go"}, TELL]}
    (example,) = reading(tmp_path, row).examples
    said = [("system", "be kind"), ("user", "hi"), ("assistant", "hello"), ("user", "go")]
    assert [(one.role, one.content) for one in example.messages] == said
    assert example.target == "hello"


def test_openai_tools_weights_and_text_parts(tmp_path):
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1.50, "b": 2}'}}
    talk = [
        {"role": "user", "content": [{"type": "text", "text": "1.5 "}, {"type": "text", "text": "+ 2"}]},
        {"role": "assistant", "content": None, "tool_calls": [call], "weight": 0},
        {"role": "tool", "content": "3.5", "tool_call_id": "c1", "name": "add"},
        {"role": "assistant", "content": "3.5", "loss": True},
    ]
    (example,) = reading(tmp_path, {"messages": talk, "tools": [TOOL]}).examples
    assert example.messages == (
        Message("user", "1.5 + 2"),
        Message("assistant", "", calls=(ToolCall("add", '{"a": 1.50, "b": 2}', "c1"),), weight=0.0),
        Message("tool", "3.5", name="add", call_id="c1"),
    )
    assert example.target == "3.5"
    assert json.loads(example.tools[0]) == TOOL


def test_sharegpt_with_tool_calls_as_json_and_a_system_column(tmp_path):
    call = '{"name": "add", "arguments": {"a": 1}}'
    talk = [
        {"from": "human", "value": "1?"},
        {"from": "function_call", "value": call},
        {"from": "function_call", "value": f"<tool_call>{call}</tool_call>"},
        {"from": "observation", "value": "1"},
        {"from": "gpt", "value": "one"},
    ]
    row = {"conversations": talk, "system": "count", "tools": json.dumps([{"name": "add"}])}
    (example,) = reading(tmp_path, row).examples
    assert [one.role for one in example.messages] == ["system", "user", "assistant", "tool"]
    assert example.messages[2].calls == (ToolCall("add", '{"a": 1}'),) * 2
    assert example.target == "one"


def test_turns_written_as_pairs_and_a_conversation_inside_a_text(tmp_path):
    pairs = reading(tmp_path, {"conversation": [{"human": "a", "assistant": "b"}, {"user": "c", "bot": "d"}]})
    assert [one.content for one in pairs.examples[0].messages] == ["a", "b", "c"]
    packed = reading(tmp_path, {"messages": json.dumps([ASK, TELL])})
    assert packed.examples[0].target == "hello"


@pytest.mark.parametrize(
    "answer",
    [
        {"content": "<think>\nwell\n</think>\n\nyes"},
        {"content": "well\n</think>\nyes"},
        {"content": "yes", "reasoning_content": "well"},
        {"content": [{"type": "reasoning", "text": "well"}, {"type": "text", "text": "yes"}]},
    ],
)
def test_a_thought_is_told_from_the_answer(tmp_path, answer):
    (example,) = reading(tmp_path, {"messages": [ASK, {"role": "assistant", **answer}]}).examples
    assert example.messages[-1] == Message("assistant", "yes", thinking="well")
    assert example.target is None


def test_an_alpaca_answer_with_a_thought_is_a_conversation(tmp_path):
    rows = [{"instruction": "q", "output": "<think>well</think>yes"}, {"instruction": "q", "output": "no"}]
    first, second = reading(tmp_path, *rows).examples
    assert first.messages[-1] == Message("assistant", "yes", thinking="well")
    assert (first.target, second.target) == (None, "no")


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        ([], "'messages' holds no message"),
        (None, "'messages' is null, a list of messages is expected"),
        ([TELL], "message 1: an answer before any question"),
        ([ASK, ASK, TELL], "message 2: two questions in a row"),
        ([ASK, TELL, TELL], "message 3: two answers in a row"),
        ([ASK], "the conversation does not end with an answer"),
        ([ASK, TELL, {"role": "system", "content": "s"}], "message 3: 'system' may only come first"),
        ([ASK, {"role": "assistant", "content": None}], "message 2: 'content' is null"),
        ([ASK, {"role": "assistant", "content": " "}], "message 2: an empty answer"),
        ([{"role": "user", "content": ""}, TELL], "message 1: an empty message of the role 'user'"),
        ([ASK, {"role": "tool", "content": "1"}, TELL], "message 2: a tool's result without a call"),
        ([7], "message 1 is a number, an object is expected"),
        ([{"content": "a"}], "message 1 says neither 'role' nor 'from' (its keys: content)"),
        ([ASK, {**TELL, "weight": -1}], "message 2: 'weight' must be true, false or a number of at least 0"),
        ([ASK, {**TELL, "weight": 0, "loss": True}], "message 2: weight, loss contradict each other"),
        ([ASK, {"role": "assistant", "content": "<think>a"}], "message 2: a thought that is not closed (</think>)"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": "a.png"}]}, TELL],
            "message 1: a part of the type 'image_url': not supported",
        ),
    ],
)
def test_what_cannot_be_learned_is_listed_with_its_reason(tmp_path, talk, reason):
    assert reasons(tmp_path, talk) == [reason]


def test_unknown_roles_list_the_known_ones_in_both_languages(tmp_path):
    rows = {"messages": [{"role": "narrator", "content": "a"}, TELL]}, {"messages": [ASK, TELL]}
    (listed,) = reading(tmp_path, *rows).listed
    assert "the role 'narrator' is not known; known: system, developer, user" in listed.reason.en
    speak("zh")
    try:
        assert "第 1 条消息：未知的角色 'narrator'" in str(listed.finding)
    finally:
        speak("en")


def test_calls_need_their_result_and_their_definition(tmp_path):
    calling = {"role": "assistant", "tool_calls": [{"function": {"name": "add", "arguments": {}}}]}
    result = {"role": "tool", "content": "3"}
    good = {"messages": [ASK, calling], "tools": [TOOL]}
    no_result = {"messages": [ASK, calling, ASK, TELL], "tools": [TOOL]}
    undefined = {"messages": [ASK, calling, result, TELL]}
    broken = {"messages": [ASK, {"role": "tool_call", "content": "add(1)"}], "tools": [TOOL]}
    found = reading(tmp_path, good, no_result, undefined, broken)
    assert [row.target for row in found.examples] == [None]
    assert [row.reason.en for row in found.listed] == [
        "message 3: a tool was called, its result is missing",
        "the tool 'add' is called but not defined: not supported",
        "message 2: the tool call is no JSON",
    ]


def test_rows_with_pictures_are_listed_and_no_file_is_opened(tmp_path):
    found = reading(tmp_path, {"messages": [ASK, TELL], "images": []}, {"messages": [ASK, TELL], "images": ["a.png"]})
    assert len(found.examples) == 1
    assert [row.reason.en for row in found.listed] == ["'images' holds media: not supported"]


def test_where_answers_are_compared_rows_without_a_plain_answer_are_listed(tmp_path):
    thought = {"messages": [ASK, {"role": "assistant", "content": "yes", "thinking": "well"}]}
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, [thought, {"messages": [ASK, TELL]}])))
    found = read_rows(path)
    assert len(found.examples) == 1
    assert "more than words" in found.listed[0].reason.en


@pytest.mark.parametrize(
    ("file", "shape", "used", "listed"),
    [
        ("llamafactory_demo/alpaca_zh_demo.json", "instruction", 1000, 0),
        ("llamafactory_demo/glaive_toolcall_en_demo.json", "conversation", 300, 0),
        ("llamafactory_demo/glaive_toolcall_zh_demo.json", "conversation", 298, 2),
        ("llamafactory_demo/v1_sft_demo.jsonl", "conversation", 500, 0),
        ("oasst_zh/oaast_sft_zh.json", "instruction", 689, 0),
        ("alpagasus/random_9k.json", "instruction", 9225, 4),
        ("llamafactory_raw/c4_demo.jsonl", "text", 300, 0),
        ("llamafactory_raw/wiki_demo.txt", "text", 30, 0),
        ("gatsby/gatsby.txt", "text", 5049, 0),
        ("tang_poems/poetry_corpus.json", "text", 10456, 0),
    ],
)
def test_real_rows_are_used_or_listed(shared_data, file, shape, used, listed):
    found = read_rows(shared_data / file, plain=True)
    assert (found.facts.roles.shape, len(found.examples), len(found.listed)) == (shape, used, listed)
