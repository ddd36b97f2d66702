"""What LoRA and QLoRA share: the settings of the low-rank matrices, and how they are put in, saved and loaded."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import ValidationInfo, field_validator

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.settings import Refused, setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.trained import Trained

Start = Literal["default", "pissa", "olora", "loftq", "eva"]


class LowRank(Trained):
    """Low-rank matrices beside frozen ones: W x + s B A x with s = alpha / r."""

    changes: ClassVar[Changes] = "added weights"
    starts: ClassVar[tuple[Start, ...]] = ("default",)

    r: int = setting(8, "rank of the added matrices", "低秩矩阵的秩", ge=1, le=1024)
    alpha: float = setting(
        16.0, "scale: the added part counts alpha / r", "缩放：新增部分乘以 alpha / r", gt=0, le=4096
    )
    dropout: float = setting(0.0, "dropout before the added matrices", "低秩矩阵前的 dropout", ge=0, lt=1)
    targets: tuple[str, ...] = setting(
        (),
        "linear modules to put matrices beside: ends of their names, or regular expressions for these ends; "
        "left out: all linear modules of all layers",
        "在哪些线性模块旁添加矩阵：模块名的结尾，或匹配结尾的正则表达式；不填则为各层的全部线性模块",
    )
    whole: tuple[str, ...] = setting(
        (),
        "modules to train whole beside the matrices, for instance embeddings: ends of their names",
        "除低秩矩阵外完整训练的模块（例如词嵌入）：模块名的结尾",
    )
    rslora: bool = setting(
        False,
        "count the added part alpha / sqrt(r) (arXiv:2312.03732): high ranks learn as fast as low ones",
        "新增部分乘以 alpha / sqrt(r)（arXiv:2312.03732）：高秩与低秩学得一样快",
    )
    dora: bool = setting(
        False,
        "train length and direction of each column apart (DoRA, arXiv:2402.09353); slower, often better at low ranks",
        "把每一列的长度与方向分开训练（DoRA，arXiv:2402.09353）；较慢，低秩时常更好",
    )
    plus: float | None = setting(
        None,
        "LoRA+ (arXiv:2402.12354): the B matrices learn so many times faster than the A matrices; 16 is usual",
        "LoRA+（arXiv:2402.12354）：B 矩阵的学习率是 A 矩阵的多少倍；常用 16",
        ge=1,
        le=1000,
    )
    start: Start = setting(
        "default",
        "what the matrices start from: default: nothing added; pissa (arXiv:2404.02948): the largest singular "
        "directions; olora (arXiv:2406.01775): an orthonormal basis; eva (arXiv:2410.07170): the directions in which what "
        "the modules read varies most on the rows; loftq (arXiv:2310.08659), with qlora: the rounding error of the "
        "quantised weights",
        "矩阵的起点：default：不改变输出；pissa（arXiv:2404.02948）：最大的奇异方向；"
        "olora（arXiv:2406.01775）：正交基；eva（arXiv:2410.07170）：各模块的输入在数据上变化最大的方向；loftq（arXiv:2310.08659，用于 qlora）：量化权重的舍入误差",
    )

    @field_validator("start")
    @classmethod
    def _start_goes_with_the_rest(cls, value: Start, info: ValidationInfo) -> Start:
        if value == "default":
            return value
        adds_nothing = value == "eva"  # at the start, like the default
        if value not in cls.starts:
            known = ", ".join(cls.starts)
            raise Refused(Text(f"start: {value} is not for this method", f"该方法不支持 start: {value}"), _known(known))
        if info.data.get("dora") and not adds_nothing:
            raise Refused(Text(f"dora and start: {value} do not go together", f"dora 与 start: {value} 不能同时使用"))
        if info.data.get("dropout") and value != "loftq" and not adds_nothing:
            what = Text(
                f"start: {value} moves a part of the frozen weights, which dropout would drop",
                f"start: {value} 会移动一部分冻结权重，dropout 会把它丢掉",
            )
            raise Refused(what, Text("leave out 'dropout'", "请去掉 'dropout'"))
        return value

    @field_validator("targets", "whole")
    @classmethod
    def _are_expressions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from taskfit.engine.names import check_ends

        return check_ends(value)

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=4e-4)

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.width and self.r > card.width:
            return Text(
                f"r = {self.r} is more than the {card.width} columns of the matrices: it would be no low rank",
                f"r = {self.r} 超过矩阵的 {card.width} 列：已不是低秩",
            )
        return super().impossible(card, task)

    def prepare(self, model: Any, seed: int) -> Any:
        """See Trained."""
        from taskfit.engine.lora import LoraShape, add_lora

        shape = LoraShape(
            r=self.r,
            alpha=self.alpha,
            dropout=self.dropout,
            targets=self.targets,
            whole=self.whole,
            rslora=self.rslora,
            dora=self.dora,
            start=self.start,
        )
        return add_lora(self.base(model), shape, seed, true=model)

    def begin(self, learner: Any) -> None:
        """See Trained."""
        if self.start == "eva":
            from taskfit.engine.eva import begin_eva

            begin_eva(learner, learner.model.network)

    def base(self, model: Any) -> Any:
        """Return the LocalModel beside whose weights the matrices stand."""
        return model

    def lr_factors(self, model: Any) -> dict[str, float]:
        """Return the multiple of the learning rate for each weight that has one of its own."""
        if self.plus is None:
            return {}
        named = model.network.named_parameters()
        return {name: self.plus for name, weight in named if weight.requires_grad and ".lora_B." in name}

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.lora import save_lora

        save_lora(model, folder)

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_adapter

        return load_adapter(self.base(model), folder)


def _known(names: str) -> Text:
    return Text(f"here it may be: {names}", f"此处可用：{names}")
