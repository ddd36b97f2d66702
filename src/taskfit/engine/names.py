"""Names of modules and layers as people write them: the end of a name, or a regular expression for that end."""

import re
from collections.abc import Iterable, Sequence

from taskfit.core.errors import NotPossible
from taskfit.core.settings import Refused
from taskfit.core.text import Text

MOST_SHOWN = 30


def check_ends(ends: tuple[str, ...]) -> tuple[str, ...]:
    """Return `ends`; raise Refused for one that is no regular expression. For validators of settings."""
    for end in ends:
        check_expression(end)
    return ends


def check_expression(text: str) -> str:
    """Return `text`; raise Refused when it is no regular expression. For validators of settings."""
    try:
        re.compile(text)
    except re.error as problem:
        what = Text(f"'{text}' is no regular expression: {problem}", f"'{text}' 不是有效的正则表达式：{problem}")
        raise Refused(what) from None
    return text


def ending_with(names: Sequence[str], ends: Sequence[str], *, where: str) -> list[str]:
    """Return the names that end with one of `ends`, whole parts only; raise NotPossible for an end that fits none.

    >>> ending_with(["layers.0.q_proj", "layers.0.k_proj"], ["q_proj"], where="targets")
    ['layers.0.q_proj']
    """
    missing = [end for end in ends if not any(_fits(name, end) for name in names)]
    if missing:
        asked, known = ", ".join(missing), shown(names)
        raise NotPossible(
            Text(f"{where}: the model has no such module: {asked}", f"{where}：模型中没有这样的模块：{asked}"),
            todo=Text(f"there are: {known}", f"现有：{known}"),
        )
    return [name for name in names if any(_fits(name, end) for end in ends)]


def shown(names: Iterable[str]) -> str:
    """Return names without the numbers of their layers, each once: what a person chooses from.

    >>> shown(["h.0.attn.c_attn", "h.1.attn.c_attn"])
    'h.*.attn.c_attn'
    """
    kinds = list(dict.fromkeys(re.sub(r"(?<=\.)\d+(?=\.)", "*", name) for name in names))
    more = ["..."] if len(kinds) > MOST_SHOWN else []
    return ", ".join([*kinds[:MOST_SHOWN], *more])


def _fits(name: str, end: str) -> bool:
    return re.search(rf"(?:^|\.)(?:{end})$", name) is not None
