"""Turns, tools, thoughts, marks of prompts: planted defects are found, row by row; sound conversations are left alone."""

import json

import pytest

from doctor_rows import clean, found, lines, talk
from taskfit.core.example import Message, Origin, ToolCall
from taskfit.data.checking import Learned, Means
from taskfit.data.record import Record

WEATHER = json.dumps(
    {
        "type": "function",
        "function": {
            "name": "weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
            },
        },
    }
)


@pytest.mark.parametrize(
    "name", ["turns", "tool_calls", "markup", "balance", "thinking_mix", "placeholders", "schema_drift", "characters"]
)
def test_sound_conversations_are_left_alone(name):
    assert found(name, clean()) == {}


def said(number, *messages, **more):
    return Record(f"r:{number}", Origin("r", number), tuple(Message(role, words) for role, words in messages), **more)


def test_turns_out_of_order_are_told_one_by_one():
    rows = [
        *clean(),
        said(1, ("user", "a"), ("user", "b"), ("assistant", "c")),
        said(2, ("assistant", "a"), ("user", "b"), ("assistant", "c")),
        said(3, ("user", "a"), ("assistant", "b"), ("user", "c")),
        said(4, ("user", "a"), ("system", "b"), ("assistant", "c")),
        said(5, ("user", "a"), ("assistant", " \n")),
    ]
    findings = found("turns", rows)
    assert {name: lines(one) for name, one in findings.items()} == {
        "turns_not_alternating": [1],
        "begins_with_answer": [2],
        "no_answer": [3],
        "system_misplaced": [4],
        "empty_answers": [5],
    }
    assert findings["turns_not_alternating"].severity == "info"
    assert found("turns", rows, most=0.01)["turns_not_alternating"].severity == "warn"


def called(number, name, arguments, *after, tools=(WEATHER,)):
    call = Message("assistant", "", calls=(ToolCall(name, arguments, "c1"),))
    return Record(f"t:{number}", Origin("t", number), (Message("user", "weather?"), call, *after), tools=tools)


def result(words="sun", call_id="c1"):
    return Message("tool", words, call_id=call_id)


def answered():
    return result(), Message("assistant", "sun")


def test_tool_calls_that_fit_are_left_alone():
    rows = [
        called(1, "weather", '{"city": "Bern", "days": 3}', *answered()),
        called(2, "weather", '{"city": "Bern"}', result(call_id=""), Message("assistant", "sun")),
        called(3, "weather", '{"city": "上海"}', *answered(), Message("user", "thanks"), Message("assistant", "bye")),
    ]
    two = (ToolCall("weather", '{"city": "A"}', "a"), ToolCall("weather", '{"city": "B"}', "b"))
    both = (Message("user", "?"), Message("assistant", "", calls=two), result(call_id="a"), result(call_id="b"))
    rows.append(Record("t:4", Origin("t", 4), (*both, Message("assistant", "ok")), tools=(WEATHER,)))
    assert found("tool_calls", rows) == {}


def test_each_cause_of_a_broken_tool_call_is_told():
    rows = [
        called(1, "whether", '{"city": "Bern"}', *answered()),
        called(2, "weather", "{city: Bern}", *answered()),
        called(3, "weather", '{"days": 3}', *answered()),
        called(4, "weather", '{"city": "Bern", "days": "three"}', *answered()),
        called(5, "weather", '{"city": "Bern", "town": "x"}', *answered()),
        called(6, "weather", '{"city": "Bern"}', Message("user", "hello?"), Message("assistant", "yes")),
        called(7, "weather", '{"city": "Bern"}', result(call_id="other"), Message("assistant", "sun")),
        said(8, ("user", "a"), ("tool", "sun"), ("assistant", "c")),
        called(9, "weather", "{}", *answered(), tools=("no schema",)),
    ]
    findings = found("tool_calls", rows)
    assert {name: lines(one) for name, one in findings.items()} == {
        "tool_unknown": [1, 9],
        "arguments_no_json": [2],
        "arguments_unfit": [3, 4, 5],
        "call_without_result": [6],
        "result_without_call": [7, 8],
        "tools_unreadable": [9],
    }
    assert findings["arguments_unfit"].severity == "block"
    assert findings["call_without_result"].severity == "warn"
    assert findings["arguments_unfit"].fix == {"drop_rows": {"ids": ["t:3", "t:4", "t:5"]}}


def test_marks_of_prompts_are_found_in_answers_only():
    rows = [
        *clean(),
        talk(1, "Name a colour.", "Red.\n### Instruction:\nName another."),
        talk(2, "写一句话", "你好。\nHuman: 再写一句"),
        talk(3, "Write a dialogue.\nHuman: hi", "Human: hi\nAssistant: hello"),
        talk(4, "What is markdown?", "### Headings\nThey begin with marks."),
    ]
    assert lines(found("markup", rows)["prompt_marks"]) == [1, 2]


def test_special_tokens_of_the_model_block():
    rows = [*clean(), talk(1, "What does <|end|> mean?", "It ends a turn.")]
    finding = found("markup", rows, Means(special=("<|end|>", "<|user|>")))["special_ids"]
    assert (finding.severity, lines(finding)) == ("block", [1])
    assert finding.fix == {"strip_markup": {}}


def test_what_is_opened_is_closed():
    rows = [
        *clean(),
        talk(1, "code?", "```python\nprint(1)"),
        talk(2, "code?", "```python\nprint(1)\n```"),
        talk(3, "想一想", "<think>我想"),
        talk(4, "想一想", "<think>我想</think>好"),
        talk(5, "json?", '{"a": 1'),
    ]
    assert {name: lines(one) for name, one in found("balance", rows).items()} == {
        "unclosed_fence": [1],
        "unclosed_thought": [3],
    }


def test_broken_json_is_told_where_json_is_the_rule():
    rows = [talk(n, f"as JSON: {n}", json.dumps({"name": n})) for n in range(9)] + [talk(9, "as JSON", '{"name": 9')]
    assert lines(found("balance", rows)["broken_json"]) == [9]


@pytest.mark.parametrize(("thinking", "told"), [(0, False), (1, True), (10, True), (20, False)])
def test_thoughts_in_some_rows_only_are_told(thinking, told):
    rows = [talk(n, f"q {n}", f"<think>hm</think>a {n}" if n < thinking else f"a {n}") for n in range(20)]
    assert ("thinking_mix" in found("thinking_mix", rows)) is told


def test_what_the_template_learns_is_held_against_the_answer():
    def learned(record):
        cut = record.answer[:-1] if record.origin.line == 101 else record.answer
        return Learned(10, 5, f" {cut} ", record.answer)

    finding = found("template_round_trip", clean(), Means(learned=learned))["template_mismatch"]
    assert (finding.severity, lines(finding)) == ("block", [101])


def test_placeholders_are_found_in_inputs_and_answers():
    rows = [
        *clean(),
        talk(1, "Name a colour.\n<noinput>", "Red."),
        talk(2, "说一种颜色。\n输入：无", "红色。"),
        talk(3, "Which colour?\nN/A", "Red."),
        talk(4, "Is there none?", "None"),
        talk(5, "Who made you?", "I was made by {{author}}."),
        talk(6, "Write a letter.", "Dear [your name], hello."),
        talk(7, "Tell me about None in Python.", "None is the absence of a value."),
    ]
    findings = found("placeholders", rows)
    assert lines(findings["placeholders"]) == [1, 2, 3]
    assert lines(findings["placeholder_answers"]) == [4]
    assert lines(findings["unfilled_blanks"]) == [5, 6]


def test_rows_of_another_kind_or_with_other_fields_are_told():
    rows = [*clean(), talk(1, "only a question"), talk(2, "a", "b", extra={"source": 1})]
    findings = found("schema_drift", rows)
    assert (lines(findings["mixed_kinds"]), findings["mixed_kinds"].severity) == ([1], "warn")
    assert (lines(findings["mixed_fields"]), findings["mixed_fields"].severity) == ([2], "info")
