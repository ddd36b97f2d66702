"""Chat templates: how a conversation becomes the text that a model reads. The one renderer for training, scoring, serving."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from taskfit.core.errors import ModelError
from taskfit.core.example import Message
from taskfit.core.text import Text
from taskfit.model import template_tools as with_tools
from taskfit.model.template_sandbox import environment, render

LARGEST_TEMPLATE, LARGEST_JSON = 1_000_000, 32_000_000  # bytes; tokenizer_config.json may list many tokens
TOKEN_NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
JINJA_FILE, CONFIG_FILE, TOKENS_FILE = "chat_template.jinja", "tokenizer_config.json", "special_tokens_map.json"

# System text and answers end with a blank line, user and tool text with a line end: the answer follows directly.
PLAIN_SOURCE = (
    "{% for message in messages %}"
    "{{ message.content }}{{ '\\n' if message.role in ['user', 'tool'] else '\\n\\n' }}"
    "{% endfor %}"
)


@dataclass(frozen=True)
class ChatTemplate:
    """A Jinja template and the special tokens it may name (`bos_token`, `eos_token` ...).

    Only render templates that `check_template` has let through: they are foreign code.
    """

    source: str
    variables: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def has_template(self) -> bool:
        """Whether the model brought this template along, rather than being given the plain layout."""
        return self.source != PLAIN_SOURCE

    @property
    def shows_system(self) -> bool:
        """Whether the template has a place for a system turn; else its text is put before the first user turn."""
        return _shows_system(self.source, tuple(sorted(self.variables.items())))

    @property
    def answer_end(self) -> str:
        """What the template writes after an answer, e.g. "<|im_end|>\\n"; "" when it writes nothing."""
        return _answer_end(self)

    @property
    def knows(self) -> with_tools.Knows:
        """What the template can write beside plain turns: tools, calls, results, thoughts."""
        return with_tools.knowledge(self.source, tuple(sorted(self.variables.items())))

    def notes(self, messages: Sequence[Message], tools: Sequence[str] = ()) -> tuple[Text, ...]:
        """Return what stands in our own words in the rendered conversation because the template knows no place for it."""
        return () if with_tools.is_plain(messages, tools) else with_tools.notes(self.knows, messages, tools)

    def render(self, messages: Sequence[Message], *, answer_next: bool, tools: Sequence[str] = ()) -> str:
        """Return the conversation as text; with `answer_next` it ends where the assistant's answer begins.

        Equal, character by character, to transformers' `apply_chat_template(tokenize=False)`, except that what the
        template would lose is kept: a system text stands before the first user turn, tools stand in the system text,
        calls, results and thoughts in the words of the turns (see `notes`). `tools` are schemas as JSON texts.
        """
        plain = with_tools.is_plain(messages, tools)
        if not plain:
            messages = with_tools.in_our_words(self.knows, messages, tools)
        if messages and messages[0].role == "system" and not self.shows_system:
            messages = fold_system(messages)
        try:
            if not plain:
                return with_tools.render_tools(self.source, self.variables, messages, tools, answer_next=answer_next)
            return _render(self.source, self.variables, messages, answer_next=answer_next)
        except Exception as problem:
            raise ModelError(
                Text(
                    f"the chat template cannot write this conversation ({_roles(messages)}): {problem}",
                    f"对话模板无法写出这段对话（{_roles(messages)}）：{problem}",
                ),
                todo=Text(
                    "check the order of the roles, or set a template of your own in chat_template.jinja",
                    "请检查角色的顺序，或在 chat_template.jinja 中改用自己的模板",
                ),
            ) from problem


PLAIN = ChatTemplate(PLAIN_SOURCE)
"""The layout for base models that bring no template.

The system text and a blank line; then, for each turn, the user's text, a line end, the answer and a blank line:

>>> PLAIN.render([Message("system", "Good or bad?"), Message("user", "Tasty.")], answer_next=True)
'Good or bad?\\n\\nTasty.\\n'
"""

_MARK = "ANSWER-7f3a"


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """Return the conversation with the text of its leading system turn put before the first user turn."""
    system, rest = messages[0], list(messages[1:])
    for place, message in enumerate(rest):
        if message.role == "user":
            rest[place] = replace(message, content=f"{system.content}\n\n{message.content}")
            return rest
    return [Message("user", system.content), *rest]


def read_template(folder: Path) -> ChatTemplate | None:
    """Return the template of the model in `folder`, or None when it has none; raise ModelError when it is broken.

    The file chat_template.jinja goes before "chat_template" in tokenizer_config.json. Nothing is rendered yet.
    """
    config = _read_object(folder / CONFIG_FILE)
    file = folder / JINJA_FILE
    source: object = _read_text(file, LARGEST_TEMPLATE) if file.is_file() else None
    if source is None:
        file, source = folder / CONFIG_FILE, config.get("chat_template")
    if isinstance(source, list):
        source = _default_of(source, file)
    if source is None or source == "":
        return None
    if not isinstance(source, str):
        raise _broken(file, f"it is a {type(source).__name__}, not text", f"它是 {type(source).__name__}，不是文本")
    _check_syntax(source, file)
    tokens = {**_tokens_of(_read_object(folder / TOKENS_FILE)), **_tokens_of(config)}
    return ChatTemplate(source, tokens)


def _render(source: str, variables: Mapping[str, str], messages: Sequence[Message], *, answer_next: bool) -> str:
    return render(source, variables, with_tools.as_objects(messages), answer_next=answer_next)


@lru_cache(maxsize=64)
def _answer_end(template: ChatTemplate) -> str:
    talk = (Message("user", "Q"), Message("assistant", _MARK))
    return template.render(talk, answer_next=False).rpartition(_MARK)[2]


@lru_cache(maxsize=64)
def _shows_system(source: str, variables: tuple[tuple[str, str], ...]) -> bool:
    talk = (Message("system", _MARK), Message("user", "Q"))
    try:
        return _MARK in _render(source, dict(variables), talk, answer_next=True)
    except Exception:  # noqa: BLE001 - refused in whatever way; what else may be wrong shows when it is rendered
        return False


def _roles(messages: Sequence[Message]) -> str:
    return ", ".join(message.role for message in messages[:12]) + (" ..." if len(messages) > 12 else "")


def _default_of(named: list[Any], file: Path) -> object:
    templates = {one.get("name"): one.get("template") for one in named if isinstance(one, dict)}
    if "default" not in templates:
        names = ", ".join(map(str, templates))
        raise _broken(
            file, f"none of its templates is called 'default' ({names})", f"没有名为 'default' 的模板（{names}）"
        )
    return templates["default"]


def _check_syntax(source: str, file: Path) -> None:
    # Only parsed: compiling would already compute what a hostile template asks for.
    if len(source) > LARGEST_TEMPLATE:
        raise _broken(file, f"{len(source):,} characters are too many", f"过长（{len(source):,} 个字符）")
    try:
        environment().parse(source)
    except jinja2.exceptions.TemplateSyntaxError as problem:
        raise _broken(
            file, f"line {problem.lineno}: {problem.message}", f"第 {problem.lineno} 行：{problem.message}"
        ) from None
    except (RecursionError, ValueError, OverflowError) as problem:
        raise _broken(file, f"it cannot be parsed: {problem}", f"无法解析：{problem}") from None


def _tokens_of(config: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in TOKEN_NAMES:
        value = config.get(name)
        if isinstance(value, dict):  # how AddedToken is written down
            value = value.get("content")
        if isinstance(value, str):
            found[name] = value
    return found


def _read_object(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        value = json.loads(_read_text(file, LARGEST_JSON))
    except (ValueError, RecursionError) as problem:
        raise ModelError(Text(f"not valid JSON: {problem}", f"不是有效的 JSON：{problem}"), where=str(file)) from None
    if not isinstance(value, dict):
        raise ModelError(Text("a JSON object was expected", "应为一个 JSON 对象"), where=str(file))
    return value


def _read_text(file: Path, most: int) -> str:
    try:
        size = file.stat().st_size
        if size > most:
            raise ModelError(
                Text(f"{size:,} bytes are too many for this file", f"该文件过大（{size:,} 字节）"), where=str(file)
            )
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as problem:
        raise ModelError(Text(f"not UTF-8: {problem}", f"不是 UTF-8 编码：{problem}"), where=str(file)) from None
    except OSError as problem:
        raise ModelError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=str(file)) from None


def _broken(file: Path, en: str, zh: str) -> ModelError:
    return ModelError(
        Text(f"the chat template cannot be used: {en}", f"对话模板不可用：{zh}"),
        where=str(file),
        todo=Text("repair it, or remove it to use the plain layout", "请修正它，或删除它以使用纯文本格式"),
    )
