"""Drop texts with hardly a letter, and endless words."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.doctor.noise import Noise
from taskfit.data.step import DropFound


class DropNoise(DropFound):
    """Drop texts with hardly a letter, and endless words."""

    about: ClassVar[Text] = Text(
        "drop texts with hardly a letter, and endless words", "删除几乎没有文字或连续无空格的文本"
    )
    found: ClassVar[tuple[str, ...]] = ("noise", "unbroken_text")
    reason: ClassVar[Text] = Text("hardly a letter, or a word without end", "几乎没有文字，或连续字符过长")

    def check(self) -> Noise:
        """Return the check that finds them."""
        return Noise()
