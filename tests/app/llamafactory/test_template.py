"""Every named template, written once by our Jinja and once by a plain walk over its description."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from taskfit.app.llamafactory.jinja import DEFAULTS, empty_thought, jinja_of, thinks
from taskfit.app.llamafactory.template import (
    chat_template,
    describe,
    media_names,
    problem_of,
    shows_tools,
    template_names,
    with_template,
)
from taskfit.core.errors import UsageError
from taskfit.core.example import Message
from taskfit.model.open import open_local
from taskfit.model.template import ChatTemplate
from taskfit.model.template_check import check_template

TOKENS = {"bos_token": "<B>", "eos_token": "<E>"}
SYSTEM, ASK, SAY = Message("system", 'Be "brief".'), Message("user", "One\ntwo {x}?"), Message("assistant", "Three 三.")
TALKS = (
    (ASK,),
    (SYSTEM, ASK),
    (ASK, SAY),
    (SYSTEM, ASK, SAY, ASK, SAY),
    (SYSTEM, ASK, SAY, Message("tool", "42"), SAY, ASK),
)


def plain(spec: dict[str, Any], talk: Sequence[Message], *, answer_next: bool) -> str:
    """Write a conversation straight from the description, as LLaMA-Factory puts its pieces together."""
    spec = {**DEFAULTS, **spec}

    def slot(name: str, content: str = "") -> str:
        put = {"content": content, "bos": TOKENS["bos_token"], "eos": TOKENS["eos_token"]}
        return re.sub(r"\{\{(content|bos|eos)\}\}", lambda found: put[found[1]], spec[name])

    spec.setdefault("observation", spec["user"])
    system = spec.get("default_system", "")
    if talk[0].role == "system":
        system, talk = talk[0].content, talk[1:]
    head = slot("system", system) if system else ""
    text = slot("prefix")
    folded = spec.get("kind") == "system in user"
    if not folded:
        text += head
    for place, message in enumerate(talk):
        content = message.content
        if folded and place == 0 and message.role == "user":
            content = head + content
        text += slot({"user": "user", "tool": "observation", "assistant": "assistant"}[message.role], content)
    if spec.get("efficient_eos") and talk[-1].role == "assistant" and not answer_next:
        text += TOKENS["eos_token"]
    return text


@pytest.mark.parametrize("name", template_names())
def test_a_template_writes_what_its_description_says(name: str) -> None:
    template = ChatTemplate(chat_template(name), TOKENS)
    for talk in TALKS:
        answer_next = talk[-1].role != "assistant"
        written = template.render(talk, answer_next=answer_next)
        assert written == plain(describe(name), talk, answer_next=answer_next)


@pytest.mark.parametrize("name", template_names())
def test_the_open_prompt_is_the_beginning_of_the_answered_conversation(name: str) -> None:
    template = ChatTemplate(chat_template(name), TOKENS)
    asked, answered = (SYSTEM, ASK, SAY, ASK), (SYSTEM, ASK, SAY, ASK, SAY)
    assert template.render(answered, answer_next=False).startswith(template.render(asked, answer_next=True))


def test_all_templates_of_the_reference_are_known(shared_data: Path) -> None:
    reference = shared_data.parent / "reference" / "llamafactory_conventions.json"
    if not reference.is_file():
        pytest.skip(f"no {reference}")
    theirs = json.loads(reference.read_text(encoding="utf-8"))["templates"]
    assert sorted((*template_names(), *media_names())) == sorted(theirs)
    for name in template_names():
        for role in ("user", "assistant", "system", "observation", "function", "prefix"):
            slots = theirs[name].get(role, {}).get("slots")
            if slots is not None:
                assert describe(name)[role] == "".join(_flat(one) for one in slots)
        assert describe(name).get("default_system") == theirs[name].get("default_system")
        assert bool(describe(name).get("efficient_eos")) == bool(theirs[name].get("efficient_eos"))


def _flat(slot: Any) -> str:
    if isinstance(slot, str):
        return slot
    return slot["token"] if "token" in slot else "{{" + slot["special"] + "}}"


def test_templates_pass_the_check_of_foreign_templates() -> None:
    for name in ("qwen", "alpaca", "llama2", "glm4", "chatml", "mistral"):
        check_template(ChatTemplate(chat_template(name), TOKENS))


def test_another_system_text_takes_the_place_of_the_templates_own() -> None:
    template = ChatTemplate(chat_template("qwen", system="You are a cook."), TOKENS)
    assert template.render((ASK,), answer_next=True).startswith("<|im_start|>system\nYou are a cook.<|im_end|>")


def test_without_thoughts_an_empty_one_stands_before_answers_that_have_none() -> None:
    spec = describe("qwen3")
    assert thinks(spec)
    assert empty_thought(spec) == "<think>\n\n</think>\n\n"
    template = ChatTemplate(jinja_of(spec, without_thoughts=True), TOKENS)
    text = template.render((ASK, SAY, ASK, Message("assistant", "<think>\nHm.\n</think>\n\nYes.")), answer_next=False)
    assert text.count("<think>") == 2
    assert "assistant\n<think>\n\n</think>\n\nThree" in text
    assert template.render((ASK,), answer_next=True).endswith("assistant\n<think>\n\n</think>\n\n")


def test_only_a_closing_mark_is_the_empty_thought_of_some() -> None:
    assert empty_thought(describe("glm4_7")) == "</think>"


def test_unknown_names_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="did you mean 'alpaca'"):
        chat_template("alpacca")
    problem = problem_of("qwen2_vl")
    assert problem is not None
    assert "images" in problem[0].en


def test_tool_formats_that_are_not_known_are_told_apart() -> None:
    assert shows_tools("qwen")
    assert shows_tools("default")
    assert not shows_tools("glm4")
    assert shows_tools("glm4", "default")


def test_a_model_opened_with_a_template_writes_and_ends_with_it() -> None:
    model = open_local("tiny")
    changed = with_template(model, "alpaca")
    assert changed.render((ASK,)).endswith("### Response:\n")
    assert changed.tokenizer.eos_token == model.tokenizer.eos_token
    assert changed.card.chat
    assert not model.render((ASK,)).endswith("### Response:\n")


def test_an_end_mark_that_is_no_token_is_told() -> None:
    changed = with_template(open_local("tiny"), "chatml")
    assert any("is no token of this model" in remark.en for remark in changed.remarks)


def test_an_end_mark_that_is_a_token_ends_generations(tmp_path: Path) -> None:
    path = tmp_path / "chat_template.jinja"
    path.write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}<|user|>{% endfor %}", encoding="utf-8")
    assert with_template(open_local("tiny"), str(path)).tokenizer.eos_token == "<|user|>"


TOOLS = [
    {
        "name": "look",
        "description": "Looks.",
        "parameters": {
            "type": "object",
            "properties": {"day": {"type": "string", "description": "Which day"}},
            "required": ["day"],
        },
    }
]
CALLING = [
    {"role": "user", "content": "Q"},
    {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "look", "arguments": {"day": "周一"}}}]},
    {"role": "tool", "content": "rain"},
]


def with_tools(name: str, **options: Any) -> str:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    compiled = ImmutableSandboxedEnvironment()
    compiled.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return compiled.from_string(chat_template(name, **options)).render(
        messages=CALLING, tools=TOOLS, add_generation_prompt=True, eos_token="</s>", bos_token="<s>"
    )


def test_tools_are_written_in_the_form_of_the_template() -> None:
    default = with_tools("default")
    assert "> Tool Name: look\nTool Description: Looks.\nTool Args:\n  - day (string, required): Which day\n" in default
    assert 'Action: look\nAction Input: {"day": "周一"}</s>\n' in default
    qwen = with_tools("qwen")
    assert '<tools>\n{"type": "function", "function": {"name": "look"' in qwen
    assert '<tool_call>\n{"name": "look", "arguments": {"day": "周一"}}\n</tool_call><|im_end|>\n' in qwen
    assert "<|im_start|>user\n<tool_response>\nrain\n</tool_response><|im_end|>" in qwen
    mistral = with_tools("mistral")
    assert '[AVAILABLE_TOOLS] [{"type": "function"' in mistral
    assert '[TOOL_CALLS] [{"name": "look", "arguments": {"day": "周一"}}]</s>' in mistral
    assert "Action Input" in with_tools("qwen", tool_format="default")


def test_tools_under_a_format_that_is_not_known_raise() -> None:
    with pytest.raises(Exception, match="raise_exception"):
        with_tools("glm4")
