"""Drop answers that only repeat what was asked."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.doctor.echoes import Echoes
from taskfit.data.step import DropFound


class DropCopies(DropFound):
    """Drop answers that only repeat what was asked."""

    about: ClassVar[Text] = Text("drop answers that repeat what was asked", "删除照抄提问的回答")
    found: ClassVar[tuple[str, ...]] = ("echoes",)
    reason: ClassVar[Text] = Text("the answer repeats what was asked", "回答照抄提问")

    def check(self) -> Echoes:
        """Return the check that finds them."""
        return Echoes()
