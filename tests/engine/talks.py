"""Tiny models that speak the templates of the field, and conversations with all that these can hold."""

import copy
from dataclasses import replace
from typing import Any

from chat_templates import GENERATION, MARKS, TEMPLATES, TOKENS
from taskfit.core.example import Message, ToolCall
from taskfit.model.local import LocalModel
from taskfit.model.template import PLAIN, ChatTemplate
from tiny_models import TinyModels

TOOL = '{"name": "weather", "description": "the weather", "parameters": {"type": "object", "properties": {}}}'
SYSTEM, ASK, AGAIN = Message("system", "Be good."), Message("user", "see the cat"), Message("user", "好 菜 \n\n")
SAY, SAY_AGAIN = Message("assistant", "the cat sat"), Message("assistant", "\n\nvery bad 电影 ")
THINK = Message("assistant", "the dog", thinking="it ran\n\nto see")
CALL = Message("assistant", "", calls=(ToolCall("weather", '{"town": "北京"}'),))
TOLD = Message("tool", "good")

TALKS: dict[str, tuple[Message, ...]] = {
    "one": (ASK, SAY),
    "system": (SYSTEM, ASK, SAY),
    "several": (SYSTEM, ASK, SAY, AGAIN, SAY_AGAIN, ASK, SAY),
    "thinking": (ASK, THINK, AGAIN, replace(THINK, content="a mat"), ASK, SAY),
    "tools": (ASK, CALL, TOLD, SAY, AGAIN, CALL, TOLD, SAY_AGAIN),
    "thinking and tools": (SYSTEM, ASK, replace(CALL, thinking="why"), TOLD, THINK, AGAIN, SAY_AGAIN),
}
NAMES = (*TEMPLATES, "plain")


def tools_of(talk: str) -> tuple[str, ...]:
    """Return the tools of a conversation."""
    return (TOOL,) if "tools" in talk else ()


def speaking(tiny: TinyModels, name: str) -> LocalModel:
    """Return a tiny model with the template `name`, whose marks are special tokens of its own."""
    source = GENERATION if name == "generation" else TEMPLATES.get(name)
    template = PLAIN if source is None else ChatTemplate(source, TOKENS)
    model = tiny.open("llama")
    return replace(model, template=template, tokenizer=with_marks(model.tokenizer, template.source))


def with_marks(tokenizer: Any, source: str) -> Any:
    """Return the tokenizer with the marks in a template as special tokens."""
    from transformers import AddedToken

    made = copy.deepcopy(tokenizer)
    marks = sorted(set(MARKS.findall(source)))
    made.add_tokens([AddedToken(mark, special="think" not in mark, normalized=False) for mark in marks])
    return made
