"""Keeping a base in 4 or 8 bits: the setting that commands share, and which methods it leaves nothing to train."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator

from taskfit.core.method import Method
from taskfit.core.settings import Refused
from taskfit.core.text import Text

if TYPE_CHECKING:
    from taskfit.core.method import Changes


def _as_number(value: object) -> object:
    return int(value) if value in ("4", "8") else value  # flags are typed as text


Bits = Annotated[Literal[4, 8] | None, BeforeValidator(_as_number)]
KEPT_IN = Text(
    "open the base with its layers' matrices in so many bits: 4 (NF4) or 8; methods that change them are then refused",
    "以 4 位（NF4）或 8 位打开基座各层的矩阵；此时不能使用改变这些矩阵的方法",
)


def changes_of(method: Method) -> "Changes":
    """Return what a method changes of the base; a method with `weights` changes what these do."""
    from taskfit.engine.language import LanguageTraining, change_of

    return type(change_of(method.weights) if isinstance(method, LanguageTraining) else method).changes


def refuse_changed(name: str, method: Method, bits: Literal[4, 8] | None) -> None:
    """Raise Refused when the method changes weights that are kept in few bits."""
    if bits is not None and changes_of(method) in ("some weights", "all weights"):
        raise Refused(
            Text(
                f"bits: {bits}: {name} trains the base's own weights, which cannot be trained in {bits} bits",
                f"bits: {bits}：{name} 训练基座自身的权重，而 {bits} 位的权重无法训练",
            ),
            Text("use qlora or lora, or leave out 'bits'", "请使用 qlora 或 lora，或去掉 'bits'"),
        )


def refuse_remote(bits: Literal[4, 8] | None) -> None:
    """Raise Refused when a model behind an address shall be opened in few bits."""
    if bits is not None:
        raise Refused(
            Text(
                f"bits: {bits}: a model behind an address is kept as its server keeps it",
                f"bits: {bits}：接口后的模型如何存储由服务器决定",
            ),
            Text("leave out 'bits'", "请去掉 'bits'"),
        )
