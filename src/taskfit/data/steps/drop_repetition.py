"""Drop answers that say the same again and again."""

from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.data.doctor.repetition import Repetition
from taskfit.data.step import DropFound


class DropRepetition(DropFound):
    """Drop answers that repeat themselves."""

    about: ClassVar[Text] = Text("drop answers that say the same again and again", "删除自我重复的回答")
    found: ClassVar[tuple[str, ...]] = ("repetition",)
    reason: ClassVar[Text] = Text("the answer repeats itself", "回答自我重复")
    grams: float = setting(
        Repetition.grams, "share of repeated 4-grams above which it goes", "重复 4-gram 占比上限", gt=0, le=1
    )
    ratio: float = setting(Repetition.ratio, "zlib ratio above which it goes", "zlib 压缩比上限", gt=1)

    def check(self) -> Repetition:
        """Return the check that finds them."""
        return Repetition(grams=self.grams, ratio=self.ratio)
