"""Markup by construction: what is not `Html` is text and gets escaped, so data can never become markup."""

import html
import re
from collections.abc import Iterable

from taskfit.core.files import to_json
from taskfit.core.text import Text
from taskfit.ladder.report.visible import visible

_VOID = frozenset({"br", "col", "input", "meta", "wbr"})
_JOINTS = re.compile(r"(?<=[_./:-])(?=\w)")
_SVG_TEXT = frozenset({"text", "tspan"})

Attribute = str | int | float | bool | None


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Child = str | Text | None | Iterable["Child"]


def el(tag: str, *children: Child, **attributes: Attribute) -> Html:
    """Return an element. Strings are escaped, a Text becomes both languages, None nothing.

    `class_` is written `class`, `data_x` `data-x`; True gives a bare attribute, None and False none.

    >>> el("b", "<", class_='a"')
    '<b class="a&quot;">&lt;</b>'
    """
    head = tag + "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _VOID:
        return Html(f"<{head}>")
    return Html(f"<{head}>{inside(children, 'tspan' if tag in _SVG_TEXT else 'span')}</{tag}>")


def inside(child: Child, wrapper: str = "span") -> Html:
    """Return the markup of `child`; a Text becomes one `wrapper` element per language."""
    if child is None:
        return Html("")
    if isinstance(child, Html):
        return child
    if isinstance(child, str):
        return escaped(child)
    if isinstance(child, Text):
        if child.en == child.zh:
            return escaped(child.en)
        return Html(
            f'<{wrapper} lang="en">{escaped(child.en)}</{wrapper}><{wrapper} lang="zh">{escaped(child.zh)}</{wrapper}>'
        )
    return Html("".join(inside(one, wrapper) for one in child))


def escaped(text: str) -> Html:
    """Return `text` as markup that shows exactly this text."""
    return Html(html.escape(visible(text), quote=True))


def breakable(text: str) -> list[Html]:
    """Return a name that may be broken after its joints (`_ - . / :`), for narrow columns."""
    parts = [escaped(part) for part in _JOINTS.split(text)]
    return [*parts[:1], *(Html(f"<wbr>{part}") for part in parts[1:])]


def data_block(name: str, value: object) -> Html:
    """Return a script element that holds `value` as JSON and that no text in it can end."""
    text = to_json(value, indent=None)
    for one in "<>&\u2028\u2029":
        text = text.replace(one, f"\\u{ord(one):04x}")
    return Html(f'<script type="application/json" id="{escaped(name)}">{text}</script>')


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    key = name.rstrip("_").replace("_", "-")
    if value is True:
        return f" {key}"
    shown = f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f' {key}="{escaped(shown)}"'
