"""Train low-rank adapters beside frozen weights (Hu et al. 2021, arXiv:2106.09685), by PEFT."""

from pathlib import Path
from typing import Any, ClassVar

from taskfit.core.method import Changes
from taskfit.core.model import ModelCard
from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.trained import Trained


class Lora(Trained):
    """W x + (alpha / rank) B A x, with B = 0 at the start; saved in PEFT's format."""

    about: ClassVar[Text] = Text(
        "Small low-rank matrices are trained beside every linear layer; the base stays as it is.",
        "在每个线性层旁训练小的低秩矩阵，基座保持不变。",
    )
    when: ClassVar[Text] = Text(
        "The usual choice when prompting is not enough: nearly the quality of full tuning, small files, less forgetting.",
        "提示不够用时的常规选择：质量接近全量微调，文件小，遗忘少。",
    )
    rank: ClassVar[int] = 70
    changes: ClassVar[Changes] = "added weights"

    r: int = setting(8, "rank of the added matrices", "低秩矩阵的秩", ge=1, le=1024)
    alpha: float = setting(
        16.0, "scale: the added part counts alpha / r", "缩放：新增部分乘以 alpha / r", gt=0, le=4096
    )
    dropout: float = setting(0.0, "dropout before the added matrices", "低秩矩阵前的 dropout", ge=0, lt=1)

    def lr_centre(self, card: ModelCard) -> float:
        """See Trained."""
        from taskfit.engine.wrap import lr_for

        return lr_for(card, at_width_1000=4e-4)

    def prepare(self, model: Any, seed: int) -> Any:
        """See Trained."""
        from peft import LoraConfig

        from taskfit.engine.wrap import inner_names, with_adapter

        targets = inner_names(model)
        fan = model.card.family == "gpt2"  # its Conv1D keeps weights as [in, out]
        config = LoraConfig(
            r=self.r, lora_alpha=self.alpha, lora_dropout=self.dropout, target_modules=targets, fan_in_fan_out=fan
        )
        return with_adapter(model, config, seed)

    def save_weights(self, model: Any, folder: Path) -> None:
        """See Trained."""
        from taskfit.engine.wrap import save_adapter

        save_adapter(model, folder)

    def load_weights(self, model: Any, folder: Path) -> Any:
        """See Trained."""
        from taskfit.engine.wrap import load_adapter

        return load_adapter(model, folder)
