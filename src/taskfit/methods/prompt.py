"""Train vectors that stand before every row in the place of words (Lester et al. 2021, arXiv:2104.08691), by PEFT."""

from typing import Any, ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.engine.soft_prompt import SoftPrompt


class Prompt(SoftPrompt):
    """Prompt tuning: the embeddings of a few tokens are trained, and nothing else."""

    about: ClassVar[Text] = Text(
        "A prompt of trained vectors instead of words stands before every row; the model stays as it is.",
        "在每行之前放一段由训练得到的向量（而不是词语）组成的提示，模型保持不变。",
    )
    when: ClassVar[Text] = Text(
        "When a prompt nearly does it and the model is large; the fewest weights of all, weak on small models.",
        "提示已接近可用且模型较大时；训练的权重最少，在小模型上较弱。",
    )
    rank: ClassVar[int] = 54
    centre: ClassVar[float] = 3e-2

    text: str = setting(
        "", "words that the vectors begin as; left out: random words", "向量初始化所用的词语；不填则为随机词语"
    )

    def shape(self) -> Any:
        """See SoftPrompt."""
        from taskfit.engine.soft import SoftShape

        return SoftShape("prompt", self.tokens, self.text)
