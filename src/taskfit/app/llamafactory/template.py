"""LLaMA-Factory's chat templates by name, as Jinja text; and a model opened with another template than its own."""

import copy
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from taskfit.app.llamafactory.jinja import TOOL_FORMATS, jinja_of
from taskfit.core.errors import UsageError
from taskfit.core.text import Text, did_you_mean


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = json.loads(Path(__file__).with_name("templates.json").read_text(encoding="utf-8"))
    return table


def template_names() -> tuple[str, ...]:
    """Return the names of the templates for text, sorted."""
    return tuple(sorted(_table()["templates"]))


def media_names() -> tuple[str, ...]:
    """Return the names of the templates for images, sound and video, which are known and refused."""
    return tuple(_table()["media"])


def problem_of(name: str) -> tuple[Text, Text | None] | None:
    """Return what is wrong with a template name and what to do, or None when there is such a template for text."""
    if name in _table()["templates"]:
        return None
    if name in media_names():
        return (
            Text(
                f"the template '{name}' belongs to a model that reads images, sound or video",
                f"模板 '{name}' 属于图像、语音或视频模型",
            ),
            Text("models of text are trained here; choose one of their templates", "此处训练文本模型；请选择其模板"),
        )
    listed = Text(f"known: {', '.join(template_names())}", f"可用：{', '.join(template_names())}")
    return Text(f"there is no template '{name}'", f"没有名为 '{name}' 的模板"), did_you_mean(
        name, template_names()
    ) or listed


def describe(name: str) -> dict[str, Any]:
    """Return what stands around each turn in the template `name`; raise UsageError when there is none."""
    if problem := problem_of(name):
        raise UsageError(problem[0], todo=problem[1])
    return dict(_table()["templates"][name])


def chat_template(
    name: str, *, system: str | None = None, tool_format: str | None = None, without_thoughts: bool = False
) -> str:
    """Return the Jinja text of the template `name`; `system` and `tool_format` stand for its own when given."""
    spec = describe(name)
    if system is not None:
        spec["default_system"] = system
    if tool_format is not None:
        spec["tool_format"] = tool_format
    return jinja_of(spec, without_thoughts=without_thoughts)


def shows_tools(name: str, tool_format: str | None = None) -> bool:
    """Tell whether the template can write tools and calls of tools."""
    return (tool_format or describe(name).get("tool_format", "default")) in TOOL_FORMATS


def with_template(model: Any, template: str) -> Any:
    """Return the LocalModel with another chat template: the name of one, or a file of Jinja text.

    The token that the template writes after an answer becomes the one that ends a generation, where it is one token.
    """
    from taskfit.model.template import ChatTemplate
    from taskfit.model.template_check import check_template

    source = _read(template) if Path(template).is_file() else chat_template(template)
    tokens = {key: str(value) for key, value in model.tokenizer.special_tokens_map.items() if isinstance(value, str)}
    made = ChatTemplate(source, {**tokens, **model.template.variables})
    remarks = check_template(made)
    tokenizer, note = _ending(model.tokenizer, made.answer_end.strip())
    card = replace(model.card, chat=True)
    return replace(model, template=made, tokenizer=tokenizer, card=card, remarks=(*remarks, *note))


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=path) from None


def _ending(tokenizer: Any, end: str) -> tuple[Any, tuple[Text, ...]]:
    """Return the tokenizer with `end` as its end-of-text token, or as it is with a remark when `end` is no token."""
    if not end or end == tokenizer.eos_token:
        return tokenizer, ()
    if end in tokenizer.get_vocab():
        changed = copy.deepcopy(tokenizer)
        changed.eos_token = end
        return changed, ()
    return tokenizer, (
        Text(
            f"'{end}', which this template writes after an answer, is no token of this model: it is learned as several "
            "tokens and ends no generation; a template that fits: alpaca, default, vicuna, or the model's own",
            f"模板在回答后写出的 '{end}' 不是该模型的单个 token：会被当作多个 token 学习，且不能结束生成；"
            "更合适的模板：alpaca、default、vicuna，或模型自带模板",
        ),
    )
