"""Train small bottleneck modules after the sub-layers of a frozen network (Houlsby et al. 2019, arXiv:1902.00751)."""

from pathlib import Path
from typing import Any, ClassVar, Literal

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.settings import setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class Adapter(Trained):
    """h + W_up act(W_down h) after sub-layers, with W_up = 0 at the start; saved as safetensors and JSON."""

    about: ClassVar[Text] = Text(
        "Small two-matrix modules are trained between the frozen parts of every layer.",
        "在每层的冻结部分之间训练由两个小矩阵组成的模块。",
    )
    when: ClassVar[Text] = Text(
        "When several tasks share one base and each brings its own small module; close to LoRA, but it cannot be "
        "merged into the weights.",
        "多个任务共用一个基座、各带一个小模块时；接近 LoRA，但无法合并进权重。",
    )
    rank: ClassVar[int] = 68
    changes: ClassVar[Changes] = "added weights"
    by_default: ClassVar[bool] = False

    form: Literal["houlsby", "pfeiffer"] = setting(
        "pfeiffer",
        "houlsby: after attention and after the feed-forward part; pfeiffer: only after the feed-forward part",
        "houlsby：在注意力与前馈之后；pfeiffer：仅在前馈之后",
    )
    size: int | None = setting(
        None,
        "units inside a module; left out: a sixteenth of the width",
        "模块内部的单元数；不填则为宽度的十六分之一",
        ge=1,
        le=65536,
    )
    activation: Literal["gelu", "relu", "silu"] = setting("gelu", "function inside a module", "模块内部的激活函数")

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Method."""
        if card.width and self.size is not None and self.size >= card.width:
            return Text(
                f"size {self.size} is no bottleneck in a stream {card.width} wide",
                f"size {self.size} 在宽度为 {card.width} 的网络中不构成瓶颈",
            )
        return super().impossible(card, task)

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=1e-3)

    def prepare(self, model: Any, seed: int) -> Any:
        """See Trained."""
        from taskfit.engine.adapter import add_adapter

        return add_adapter(model, self._shape(model.card), seed)

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.adapter import save_adapter

        save_adapter(model, folder, self._shape(model.card))

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.adapter import DEFAULT, load_adapters

        return load_adapters(model, {DEFAULT: folder})

    def _shape(self, card: ModelCard) -> Any:
        from taskfit.engine.adapter import Shape

        return Shape(self.form, self.size or max(1, card.width // 16), self.activation)
