"""Drop answers that refuse, or speak of the model that wrote them."""

from typing import ClassVar

from taskfit.core.text import Text
from taskfit.data.doctor.refusals import Refusals
from taskfit.data.step import DropFound


class DropRefusals(DropFound):
    """Drop answers that refuse, or speak of the model that wrote them."""

    about: ClassVar[Text] = Text("drop answers that refuse or speak of the model itself", "删除拒答与模型自述")
    found: ClassVar[tuple[str, ...]] = ("refusals",)
    reason: ClassVar[Text] = Text("refuses, or speaks of the model itself", "拒答或模型自述")

    def check(self) -> Refusals:
        """Return the check that finds them."""
        return Refusals()
