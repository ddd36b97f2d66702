"""What happens to each key of a LLaMA-Factory file: used, accepted but not used, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskfit.app.llamafactory.keys_known import IDLE, ONLY_OFF, Group
from taskfit.app.llamafactory.keys_used import OLD_NAMES, USED
from taskfit.core.errors import Finding
from taskfit.core.text import Text, did_you_mean


@dataclass(frozen=True)
class Told:
    """One key and what happens to it."""

    key: str
    what: Text


@dataclass(frozen=True)
class SortedKeys:
    """The keys of a file by what happens to them; `values` has the new names in place of the old ones."""

    values: Mapping[str, Any]
    used: tuple[Told, ...]
    idle: tuple[Told, ...]
    refused: tuple[Finding, ...]


def known_keys() -> tuple[str, ...]:
    """Return every key that is known, whatever happens to it."""
    return tuple(sorted((*USED, *OLD_NAMES, *_groups())))


def sort_keys(values: Mapping[str, Any], where: Mapping[str, str]) -> SortedKeys:
    """Return what happens to each key; `where` says where a key stands (file:line, or the command line)."""
    groups = _groups()
    kept: dict[str, Any] = {}
    used: list[Told] = []
    idle: list[Told] = []
    refused: list[Finding] = []
    for given, value in values.items():
        key = OLD_NAMES.get(given, given)
        place = where.get(given, "")
        if key != given and key in values:
            what = Text(
                f"'{given}' is the old name of '{key}', which is there, too", f"'{given}' 是 '{key}' 的旧名，二者重复"
            )
            refused.append(Finding(place, what, Text("keep the new one", "请保留新名称")))
        elif key in USED:
            kept[key] = value
            used.append(Told(given, USED[key]))
        elif key in groups:
            group = groups[key]
            if group.idle or value in group.off:
                idle.append(Told(given, group.what if group.idle else _OFF))
            else:
                refused.append(_cannot(given, value, group, place))
        else:
            refused.append(_unknown(given, place))
    return SortedKeys(kept, tuple(used), tuple(idle), tuple(refused))


_OFF = Text("says what is so here in any case", "所说的在此处本就如此")


def _groups() -> dict[str, Group]:
    return {name: group for group in (*IDLE, *ONLY_OFF) for name in group.names}


def _cannot(key: str, value: object, group: Group, place: str) -> Finding:
    shown = "" if "token" in key else f" {value!r}"
    return Finding(
        place,
        Text(f"'{key}'{shown}: {group.what.en}", f"'{key}'{shown}：{group.what.zh}"),
        Text("remove the key to train without it", "去掉该键即可在没有它的情况下训练"),
    )


def _unknown(key: str, place: str) -> Finding:
    todo = did_you_mean(key, known_keys()) or Text(
        "it is no key of LLaMA-Factory that is known here (see docs/llamafactory.md)",
        "这不是此处所知的 LLaMA-Factory 键（见 docs/llamafactory.zh.md）",
    )
    return Finding(place, Text(f"unknown key '{key}'", f"未知的键 '{key}'"), todo)
