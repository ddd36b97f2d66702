"""Train a long prompt's behaviour in, so that a short one does (Askell et al. 2021, arXiv:2112.00861; Snell et al. 2022)."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text
from taskfit.engine.language import AnswerTraining

if TYPE_CHECKING:
    from taskfit.engine.aims.aim import Aim


class Shorten(AnswerTraining):
    """The model with its long prompt teaches itself without it: context distillation (arXiv:2209.15189)."""

    about: ClassVar[Text] = Text(
        "The model learns to do without its long prompt what it does with it; tokens saved are told.",
        "模型学会不用长提示也能做到使用长提示时的效果，并报告节省的 token。",
    )
    when: ClassVar[Text] = Text(
        "When a long instruction or examples work well but cost too much at every request.",
        "长指令或示例效果好但每次请求成本过高时使用。",
    )
    rank: ClassVar[int] = 115
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

    instruction: str = setting("", "the short instruction that is left; empty: none", "保留的短指令；留空表示没有指令")
    shots: int = setting(
        4,
        "training rows that the long prompt shows before each question",
        "长提示在每个问题前展示的示例数",
        ge=0,
        le=1000,
    )
    answers: Literal["auto", "teacher", "gold"] = setting(
        "auto",
        "whose answers are learned: gold: those of the rows; teacher: those under the long prompt; auto: those of the "
        "rows, else those under the long prompt",
        "学习谁的答案：gold：数据自带的；teacher：长提示下的；auto：数据自带的，没有时用长提示下的",
    )
    logits: float | None = setting(
        None,
        "share of the distribution under the long prompt in the loss, the rest learns the answers alone; left out: 0.5 "
        "where rows have answers, else 1",
        "损失中长提示下分布所占比例，其余只学习答案；不填则数据有答案时为 0.5，否则为 1",
        gt=0,
        le=1,
    )
    temperature: float = setting(
        1.0, "softens both distributions while they are compared", "比较时用于软化两个分布的温度", gt=0, le=100
    )

    def aim(self) -> "Aim":
        """See LanguageTraining."""
        from taskfit.engine.aims.imitate import Imitate

        return Imitate(
            None,
            self.answers,
            self.logits,
            self.temperature,
            shots=self.shots,
            instruction=self.instruction,
            length=self.length(),
        )

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:
        """See Method: the predictor asks with the short instruction."""
        return super().restore(model, replace(task, instruction=self.instruction), folder)
