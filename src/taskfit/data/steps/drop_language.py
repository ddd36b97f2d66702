"""Drop answers in another language than the question."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.doctor.languages import Languages
from taskfit.data.step import DropFound


class DropLanguage(DropFound):
    """Drop answers in another language than the question."""

    about: ClassVar[Text] = Text("drop answers in another language than the question", "删除与提问语言不同的回答")
    found: ClassVar[tuple[str, ...]] = ("language_mismatch",)
    reason: ClassVar[Text] = Text("the answer is in another language than the question", "回答与提问语言不同")

    def check(self) -> Languages:
        """Return the check that finds them."""
        return Languages()
