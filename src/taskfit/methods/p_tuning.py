"""Train vectors before every row through a small network of their own (Liu et al. 2021, arXiv:2103.10385), by PEFT."""

from typing import Any, ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.soft_prompt import SoftPrompt


class PTuning(SoftPrompt):
    """P-tuning: an encoder makes the vectors of the prompt; only what it made is saved."""

    about: ClassVar[Text] = Text(
        "Like prompt tuning, but a small network makes the vectors while training, which ties them together.",
        "与 prompt 类似，但训练时由一个小网络生成这些向量，使它们相互关联。",
    )
    when: ClassVar[Text] = Text(
        "When prompt tuning is unsteady or slow to learn; what is saved is just as small.",
        "prompt 训练不稳定或学得慢时；保存的文件同样小。",
    )
    rank: ClassVar[int] = 55
    centre: ClassVar[float] = 3e-3

    encoder: Literal["mlp", "lstm"] = setting(
        "mlp", "the network that makes the vectors: mlp or lstm", "生成向量的网络：mlp 或 lstm"
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

        return SoftShape("p_tuning", self.tokens, encoder=self.encoder, units=self.units or 0)
