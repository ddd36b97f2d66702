"""The rows of a run by the names of LLaMA-Factory's dataset_info.json; settings only, nothing is read here."""

from typing import ClassVar, Literal

from pydantic import model_validator

from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text

Thoughts = Literal["keep", "fill", "drop"]
Mix = Literal["concat", "interleave_under", "interleave_over", "interleave_once"]


class DatasetRows(Settings):
    """Which datasets of a dataset_info.json, how many rows of each, and how they are mixed."""

    about: ClassVar[Text] = Text("Rows named in a dataset_info.json", "dataset_info.json 中登记的数据")

    names: tuple[str, ...] = setting(..., "names of the datasets to train on", "训练数据集的名称", min_length=1)
    folder: str = setting("data", "folder that holds dataset_info.json", "dataset_info.json 所在目录")
    dev: tuple[str, ...] = setting((), "names of the datasets to measure the loss on", "用于测量损失的数据集名称")
    dev_size: float = setting(
        0.0,
        "rows kept apart to measure the loss on: below 1 a share, from 1 on their number",
        "留出用于测量损失的行：小于 1 为比例，1 及以上为行数",
        ge=0,
    )
    most: int | None = setting(None, "at most so many first rows of each dataset", "每个数据集最多取前若干行", ge=1)
    plain_text: bool = setting(
        False, "the prompt column is text to continue (pre-training)", "prompt 列是要续写的文本（预训练）"
    )
    mix: Mix = setting("concat", "how several datasets become one", "多个数据集如何合成一个")
    shares: tuple[float, ...] = setting((), "share of each dataset when they are interleaved", "交错时各数据集的比例")
    thoughts: Thoughts = setting(
        "keep",
        "thoughts before answers: keep them, fill in empty ones where there are none, drop them",
        "回答前的思考：keep 保留，fill 为没有思考的回答补空思考块，drop 去掉",
    )
    thought_marks: tuple[str, ...] = setting(
        ("<think>\n", "\n</think>\n\n"), "what stands around a thought", "思考块前后的标记", min_length=2, max_length=2
    )
    online: bool = setting(False, "allow downloads of datasets from the hub", "允许从 hub 下载数据集")

    @model_validator(mode="after")
    def _agree(self) -> "DatasetRows":
        if self.dev and self.dev_size:
            raise Refused(
                Text("'dev' and 'dev_size' both say what to measure on", "'dev' 与 'dev_size' 都指定了评估数据"),
                Text("keep one of them", "请只保留一个"),
            )
        if self.shares and self.mix == "concat":
            raise Refused(
                Text("'shares' are for interleaved datasets", "'shares' 只用于交错混合"),
                Text(
                    "set 'mix' to interleave_under, _over or _once", "请把 'mix' 设为 interleave_under、_over 或 _once"
                ),
            )
        if self.shares and len(self.shares) != len(self.names):
            raise Refused(
                Text(
                    f"{len(self.shares)} shares for {len(self.names)} datasets",
                    f"{len(self.names)} 个数据集却给了 {len(self.shares)} 个比例",
                ),
                Text("give one share per dataset", "请为每个数据集各给一个比例"),
            )
        if any(share <= 0 for share in self.shares):
            raise Refused(Text("every share must be above 0", "每个比例都必须大于 0"))
        return self
