"""Why one row cannot be used: raised where it is seen, listed with the row where it is read."""

from taskfit.core.text import Text
from taskfit.data.json_text import KINDS


class Wrong(Exception):
    """A row cannot be used, for the `reason` given."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(reason.en)


def kind_of(name: str, value: object, wanted: Text) -> Text:
    """Return what `value` is where `wanted` was expected."""
    kind = KINDS.get(type(value), Text("something else", "其他类型"))
    return Text(f"'{name}' is {kind.en}, {wanted.en} is expected", f"'{name}' 是{kind.zh}，应为{wanted.zh}")


def whole_text(name: str, value: str) -> str:
    """Return `value`; raise Wrong when it holds a lone half of a surrogate pair, which no file can hold again."""
    if not value.isascii() and any("\ud800" <= one <= "\udfff" for one in value):
        raise Wrong(Text(f"'{name}' holds half a character (a lone surrogate)", f"'{name}' 含有半个字符（孤立代理项）"))
    return str(value)
