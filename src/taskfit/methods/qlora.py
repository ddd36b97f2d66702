"""Train low-rank adapters beside weights kept in 4 or 8 bits (Dettmers et al. 2023, arXiv:2305.14314)."""

from typing import Any, ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.low_rank import LowRank, Start


class Qlora(LowRank):
    """LoRA on a quantised base; the adapter is that of LoRA and fits the base as it was, too."""

    about: ClassVar[Text] = Text(
        "LoRA while the frozen weights are kept in 4 (or 8) bits: least memory, the same small files.",
        "冻结权重以 4 位（或 8 位）存储的 LoRA：内存最省，文件同样小。",
    )
    when: ClassVar[Text] = Text(
        "When the model does not fit into memory otherwise; slower than LoRA, for weights are unpacked in each pass.",
        "模型以其他方式放不进内存时；比 LoRA 慢，因为每次计算都要解包权重。",
    )
    rank: ClassVar[int] = 69
    by_default: ClassVar[bool] = False
    starts: ClassVar[tuple[Start, ...]] = ("default", "loftq", "eva")

    bits: Literal[4, 8] = setting(
        4,
        "bits of a frozen weight: 4 (NF4, doubly quantised) or 8 (whole numbers, one scale per output)",
        "每个冻结权重的位数：4（NF4，双重量化）或 8（整数，每个输出一个缩放）",
    )

    def base(self, model: Any) -> Any:
        """See LowRank."""
        from taskfit.engine.wrap import quantized

        return quantized(model, self.bits)
