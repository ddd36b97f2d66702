"""A judge for rows that are there: each gets a grade from 1 to 5, low ones are set aside; where people graded too, kappa is told."""

from dataclasses import replace
from typing import ClassVar

from taskfit.core.settings import setting
from taskfit.core.text import Text
from taskfit.workshop.judges import GRADE, AskedJudge
from taskfit.workshop.recipe import Batch, Need, Recipe, Turn
from taskfit.workshop.score import Filter, judged


class Judge(Recipe):
    """Rows graded by a model."""

    about: ClassVar[Text] = Text(
        "a model grades your rows from 1 to 5, and those below a limit are set aside",
        "由模型为数据打 1 至 5 分，低分的剔除",
    )
    when: ClassVar[Text] = Text("rows are many and of unequal quality", "数据多而质量参差时")
    needs: ClassVar[Need] = "rows"
    prompts: ClassVar[tuple[Text, ...]] = (GRADE,)
    judges: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    batch: int = setting(32, "rows a round", "每轮的行数", ge=1, le=10_000)
    least: float = setting(4.0, "least grade of a row that stays, 1 to 5", "保留所需的最低分，1 至 5", ge=1, le=5)

    def make(self, turn: Turn) -> Batch:
        """Grade the next rows."""
        records = [replace(one, about={**one.about, "parent": one.id}) for one in turn.slice(self.batch)]
        result = judged(records, Filter(AskedJudge(turn.judge.name), self.least), turn)
        return Batch(result.rows, result.rejected, finished=turn.is_last(self.batch))
