"""Train low-rank adapters beside frozen weights (Hu et al. 2021, arXiv:2106.09685), by PEFT."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.engine.low_rank import LowRank, Start


class Lora(LowRank):
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
    starts: ClassVar[tuple[Start, ...]] = ("default", "pissa", "olora", "eva")
