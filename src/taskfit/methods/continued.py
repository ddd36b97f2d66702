"""Go on with pre-training on text of one's own field, with general text replayed so that less of it is forgotten."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import model_validator

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message, Origin, Practice
from taskfit.core.files import write_lines
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Predictor
from taskfit.core.settings import Refused, setting
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.language import LanguageTraining

if TYPE_CHECKING:
    from taskfit.engine.aims.text import Text as TextAim

WORLD = "world"
REPLAYED = "replay.jsonl"
SHARE = 0.1


class Continued(LanguageTraining):
    """Continued pre-training; the replayed rows are a stated share of all rows (Ibrahim et al. 2024, arXiv:2403.08763)."""

    about: ClassVar[Text] = Text(
        "Goes on with pre-training on new text; a share of the rows may be general text, replayed.",
        "在新文本上继续预训练；其中一部分可以是回放的通用文本。",
    )
    when: ClassVar[Text] = Text(
        "When much text of a field or language is there and no answers. Without replay the model forgets what else it "
        "could do, most with all weights and a high rate: replay 5 to 30 % and look at what the report says was lost.",
        "有大量领域或语言文本而没有答案时使用。没有回放，模型会遗忘其他能力，训练全部权重且学习率高时最严重："
        "请回放 5% 到 30%，并查看报告中的遗忘情况。",
    )
    rank: ClassVar[int] = 205

    replay: str = setting(
        "",
        "general text to replay: a file of rows, or 'world' for documents of the built-in world; left out: none",
        "要回放的通用文本：数据文件，或 'world' 表示内置世界的文档；不填则不回放",
    )
    replay_rows: tuple[str, ...] = setting(
        (), "texts to replay, given one by one instead of a file", "直接给出要回放的文本，代替文件"
    )
    replay_share: float = setting(
        SHARE, "share of the replayed rows among all rows", "回放数据占全部数据的比例", gt=0, lt=1
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.replay and self.replay_rows:
            raise Refused(
                Text(
                    "'replay' and 'replay_rows' both say what is replayed", "'replay' 与 'replay_rows' 都规定了回放内容"
                ),
                Text("keep one of them", "请只保留一个"),
            )
        if self.replay_share != SHARE and not (self.replay or self.replay_rows):
            raise Refused(
                Text("'replay_share' without anything to replay", "设置了 'replay_share' 却没有可回放的内容"),
                Text("set 'replay' to a file or to 'world'", "请将 'replay' 设为文件或 'world'"),
            )
        return self

    def aim(self) -> "TextAim":
        """See LanguageTraining."""
        from taskfit.engine.aims.text import Text as TextAim

        return TextAim(self.length())

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method. Which rows were replayed stands in replay.jsonl in the desk's folder."""
        replayed = self.replayed(len(practice.train), desk.seed)
        if replayed:
            facts = [{"id": one.id, "file": one.origin.file, "line": one.origin.line} for one in replayed]
            write_lines(desk.folder / REPLAYED, facts)
        mixed = Practice((*practice.train, *replayed), practice.dev)
        return super().adapt(model, task, mixed, desk)

    def replayed(self, rows: int, seed: int) -> tuple[Example, ...]:
        """Return what is replayed beside so many rows: drawn by the seed, none twice before all were drawn once."""
        if not (self.replay or self.replay_rows) or not rows:
            return ()
        import numpy as np

        count = max(1, round(rows * self.replay_share / (1 - self.replay_share)))
        found = self._source(count, seed)
        drawn: list[Example] = []
        for lap in range(-(-count // len(found))):
            order = np.random.default_rng([seed, 23, lap]).permutation(len(found))
            # An id is a row's own: what is drawn again gets another.
            drawn += [replace(found[i], id=f"replay:{found[i].id}" + (f"#{lap + 1}" if lap else "")) for i in order]
        return tuple(drawn[:count])

    def _source(self, count: int, seed: int) -> tuple[Example, ...]:
        if self.replay_rows:
            return tuple(
                Example(f"replay_rows:{line}", (Message("user", text),), None, Origin("replay_rows", line))
                for line, text in enumerate(self.replay_rows, start=1)
            )
        if self.replay == WORLD:
            from taskfit.data.world.source import world_examples

            # Far from the seeds that recipes and tests take, which begin at 0.
            return world_examples("documents", count, first=1_000_000_000 + seed * 1_000_000)
        from taskfit.data.read import read_rows

        reading = read_rows(self.replay, plain=True)
        if reading.listed:
            raise DataError([row.finding for row in reading.listed])
        return reading.examples
