"""From settings classes to command line flags: one flag per field, one block of flags per nested class."""

from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from taskfit.cli.flags import Block, Flag
from taskfit.core.settings import Settings, block_of
from taskfit.core.text import Text

MAIN_BLOCK = Text("Settings", "设置")


def blocks_of(
    settings: type[Settings], title: Text = MAIN_BLOCK, at: str = "", *, without: frozenset[str] = frozenset()
) -> tuple[Block, ...]:
    """Return the flags of a settings class: its own fields first, then one block per nested class.

    `without` names dotted keys that get no flag, or another one.
    """
    own: list[Flag] = []
    nested: list[Block] = []
    for name, field in settings.model_fields.items():
        key = f"{at}.{name}" if at else name
        if key in without:
            continue
        inner = block_of(field.annotation)
        if inner is not None and get_origin(field.annotation) is not tuple:
            assert issubclass(inner, Settings)
            explained = settings.explain(name)
            nested += blocks_of(inner, Text(f"{key}: {explained.en}", f"{key}：{explained.zh}"), key, without=without)
        else:
            own.append(_flag(key, field, settings.explain(name)))
    return (Block(title, tuple(own)), *nested)


def _flag(key: str, field: FieldInfo, explanation: Text) -> Flag:
    is_union = get_origin(field.annotation) not in (None, tuple, dict, Literal)
    kinds = get_args(field.annotation) if is_union else (field.annotation,)
    origins = {get_origin(kind) for kind in kinds}
    choices = tuple(str(one) for kind in kinds if get_origin(kind) is Literal for one in get_args(kind))
    if bool in kinds:
        return Flag(key, "switch", "", explanation, "true" if field.default else "")
    if tuple in origins:
        return Flag(key, "list", "A,B", explanation, _default(field))
    if dict in origins:
        return Flag(key, "pairs", "A=B", explanation, _default(field))
    number = "" if str in kinds else "INT" if int in kinds else "FLOAT" if float in kinds else ""
    takes = f"{number}{_limits(field)}" if number else "CHOICE" if choices else "TEXT"
    return Flag(key, "value", takes, explanation, _default(field), choices)


def _limits(field: FieldInfo) -> str:
    shown = ""
    for limit in field.metadata:
        match limit:
            case Ge(ge=bound):
                shown += f" ≥{bound}"
            case Gt(gt=bound):
                shown += f" >{bound}"
            case Le(le=bound) if float(str(bound)) < 1e6:
                shown += f" ≤{bound}"
            case Lt(lt=bound):
                shown += f" <{bound}"
    return shown


def _default(field: FieldInfo) -> str:
    if field.is_required() or field.default in (None, "", (), {}):
        return ""
    return ",".join(map(str, field.default)) if isinstance(field.default, tuple) else str(field.default)
