"""Train keys and values that every layer sees before each row (Li & Liang 2021, arXiv:2101.00190), by PEFT."""

from typing import Any, ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.soft_prompt import SoftPrompt


class Prefix(SoftPrompt):
    """Prefix tuning: trained keys and values per layer."""

    about: ClassVar[Text] = Text(
        "Every layer looks back at a few trained keys and values before each row; the model stays as it is.",
        "每一层都能看到每行之前的若干训练得到的键和值，模型保持不变。",
    )
    when: ClassVar[Text] = Text(
        "When the model must stay untouched and one batch serves many tasks, each with its own prefix; close to LoRA "
        "on large models.",
        "模型必须保持不变、且同一批次要服务多个任务（各带自己的前缀）时；在大模型上接近 LoRA。",
    )
    rank: ClassVar[int] = 58
    centre: ClassVar[float] = 3e-2

    text: str = setting(
        "",
        "words whose keys and values are the beginning; left out: random words",
        "以哪些词语的键和值作为起点；不填则为随机词语",
    )
    projection: bool = setting(
        False,
        "make keys and values by a small network while training, as in the paper; it begins at random",
        "训练时用一个小网络生成键和值（如论文所述）；从随机值开始",
    )
    units: int | None = setting(
        None,
        "units inside that network; left out: the width of the model",
        "该网络内部的单元数；不填则为模型宽度",
        ge=1,
        le=65536,
    )

    def shape(self) -> Any:
        """See SoftPrompt."""
        from taskfit.engine.soft import SoftShape

        encoder = "mlp" if self.projection else "none"
        return SoftShape("prefix", self.tokens, self.text, encoder=encoder, units=self.units or 0)
