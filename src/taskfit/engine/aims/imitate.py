"""Learn from a teacher: the answers that it gives, and, place by place, what else it might have said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from taskfit.core.errors import DataError, ModelError, UsageError
from taskfit.core.example import Example, Practice
from taskfit.core.files import read_json, write_json
from taskfit.core.model import Model, ModelCard
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.aims.aim import Aim, Asked, Lesson, Work, aim_for
from taskfit.engine.aims.words import answer_rows
from taskfit.engine.imitation import ImitationLearner, Mix
from taskfit.engine.learner import Row
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.reading import Length
from taskfit.engine.truncate import too_long
from taskfit.model.local import PROBE, LocalModel
from taskfit.model.remote_settings import RemoteSettings

AT_ONCE = 32  # questions put to the teacher between two looks at the clock
HALF = 0.5  # share of a teacher's distribution beside answers that are known
Answers = Literal["auto", "teacher", "gold"]


@dataclass(frozen=True)
class Imitate(Aim):
    """Settings of imitation.

    `teacher` is a model's name, an endpoint, or None: the base model itself. It is asked with the task's instruction,
    after `shots` examples; the student with `instruction` (None: the same). `answers` says whose answers are
    learned; auto: those of the rows, the teacher's where a row has none. `share` is that of the teacher's distribution
    in the loss (None: see `share_of`); above 0 it needs a local teacher with the student's tokenizer.
    """

    teacher: str | RemoteSettings | None = None
    answers: Answers = "auto"
    share: float | None = None
    temperature: float = 2.0
    shots: int = 0
    instruction: str | None = None
    online: bool = False
    length: Length = field(default_factory=Length)

    def impossible(self, card: ModelCard, task: Task) -> Text | None:
        """See Aim."""
        del task
        if card.architecture == "encoder":
            return Text("an encoder cannot say what a teacher says", "编码器无法说出教师所说的内容")
        if isinstance(self.teacher, RemoteSettings) and self.share:
            return Text(
                "an endpoint does not show its distribution over all tokens; set logits: 0",
                "接口不提供全部 token 的分布，请设置 logits: 0",
            )
        if self.length.too_long not in ("refuse", "drop"):
            return Text(
                "rows that two models read side by side cannot be cut; set too_long: drop",
                "两个模型并排读取的行不能截断，请设置 too_long: drop",
            )
        return None

    def lesson(self, work: Work) -> "ImitationLesson":
        """See Aim."""
        teacher = self._open(work.model)
        questions = [question(example) for example in work.practice.train]
        shown = [one for one in questions if one.target][: self.shots]
        rest = [one for one in questions if all(one is not other for other in shown)]
        learned, remarks = self._learned(work, teacher, rest, shown)
        if not learned:
            raise DataError(Text("there is no row with an answer to learn", "没有任何一行包含可学习的答案"))
        itself = self._is_itself(work, teacher)
        share = self.share if self.share is not None else self.share_of(teacher, rest, itself=itself)
        asked = work.task if self.instruction is None else replace(work.task, instruction=self.instruction)
        inner = replace(work, task=asked, practice=Practice(tuple(learned), work.practice.dev))
        lesson = aim_for(Asked(), work.model.card, asked).lesson(inner)
        rows: Sequence[Row] = answer_rows(work.model, asked, learned)
        told = (*((_ITSELF,) if itself else ()), *remarks)
        if share == 0:
            return ImitationLesson(inner, lesson, rows, remarks=(*told, *lesson.remarks))
        _check_comparable(work, teacher)
        assert isinstance(teacher, LocalModel)
        taught: Sequence[Row] = answer_rows(teacher, work.task, learned, shown)
        rows, taught, left = self._fitting(rows, taught, min(work.model.card.context, teacher.card.context))
        told = (*told, *left, *tokens_saved(rows, taught), _mix_told(share), *lesson.remarks)
        return ImitationLesson(inner, lesson, rows, teacher, taught, Mix(share, self.temperature), told)

    def share_of(self, teacher: Model, rows: Sequence[Example], *, itself: bool) -> float:
        """Return the share of the teacher's distribution when none is set.

        None of it where it cannot be seen (an endpoint), or where it is what the student says already and would only hold
        it back; half of it beside answers of the rows; all of it where the teacher's answers are all there is and its
        prompt is what is to be learned.
        """
        if itself or not isinstance(teacher, LocalModel):
            return 0.0
        golds = self.answers != "teacher" and any(row.target for row in rows)
        return HALF if golds or self.instruction is None else 1.0

    def _is_itself(self, work: Work, teacher: Model) -> bool:
        """Whether the teacher is the student, asked in the same way."""
        same_prompt = not self.shots and self.instruction in (None, work.task.instruction)
        return same_prompt and teacher.card.fingerprint == work.model.card.fingerprint

    def _learned(
        self, work: Work, teacher: Model, rows: Sequence[Example], shown: Sequence[Example]
    ) -> tuple[Sequence[Example], tuple[Text, ...]]:
        """Return the rows with the answers to learn; the teacher is asked only where its answer is wanted."""
        if self.answers == "gold":
            return [row for row in rows if row.target], ()
        asked = [row for row in rows if self.answers == "teacher" or not row.target]
        if not asked:
            return rows, ()
        answered, remarks = self._answered(work, teacher, asked, shown)
        said = {row.id: row for row in answered}
        wanted = {row.id for row in asked}
        return [said.get(row.id, row) for row in rows if row.id in said or row.id not in wanted], remarks

    def _fitting(
        self, rows: Sequence[Row], taught: Sequence[Row], context: int
    ) -> tuple[Sequence[Row], Sequence[Row], tuple[Text, ...]]:
        """Return the pairs that are short enough and end in the same tokens, and how many others there were."""
        limit = min(context, self.length.most or context)
        if self.length.too_long == "refuse" and (found := too_long([*rows, *taught], limit)):
            raise DataError(found)
        pairs = [
            (one, other)
            for one, other in zip(rows, taught, strict=True)
            if max(len(one.ids), len(other.ids)) <= limit and _learned(one) == _learned(other)
        ]
        if not pairs:
            raise DataError(Text("no row can be read side by side by both", "没有任何一行能被双方并排读取"))
        left = len(rows) - len(pairs)
        told = Text(
            f"{left} of {len(rows)} rows were left out: too long, or their answer has other tokens after the long prompt",
            f"{len(rows)} 行中略去了 {left} 行：过长，或在长提示之后答案的 token 不同",
        )
        first, second = zip(*pairs, strict=True)
        return first, second, (told,) if left else ()

    def _open(self, base: LocalModel) -> Model:
        from taskfit.model.open import open_local
        from taskfit.model.remote import open_remote

        if self.teacher is None:
            return base
        if isinstance(self.teacher, RemoteSettings):
            return open_remote(self.teacher)
        return open_local(self.teacher, online=self.online, device=str(base.device))

    def _answered(
        self, work: Work, teacher: Model, rows: Sequence[Example], shown: Sequence[Example]
    ) -> tuple[tuple[Example, ...], tuple[Text, ...]]:
        """Return the rows with the teacher's answers; asked once per run, kept in the folder of the rung."""
        path = work.desk.folder / "teacher.json"
        predictor = PromptPredictor(teacher, work.task, show=lambda some: [tuple(shown)] * len(some))
        if path.is_file():
            said: list[str | None] = read_json(path)["answers"]
        else:
            said = []
            for start in range(0, len(rows), AT_ONCE):
                work.desk.progress(Text("ask the teacher", "询问教师"), start, len(rows))
                part = [row.without_target() for row in rows[start : start + AT_ONCE]]
                said += [one.answer for one in predictor.predict(part, work.desk.meter)]
            write_json(path, {"answers": said})
        kept = tuple(replace(row, target=answer) for row, answer in zip(rows, said, strict=True) if answer)
        return kept, tuple(_how_answered(rows, said))

    @classmethod
    def restore(cls, tuned: LocalModel, task: Task, folder: Path, facts: Mapping[str, Any]) -> Predictor:
        """See Aim."""
        return aim_for(Asked(), tuned.card, task).restore(tuned, task, folder, facts)


@dataclass(frozen=True)
class ImitationLesson:
    """See Lesson: dev is scored as it is for the task without a teacher."""

    work: Work
    plain: Lesson
    rows: Sequence[Row]
    teacher: LocalModel | None = None
    taught: Sequence[Row] = ()
    mix: Mix = field(default_factory=Mix)
    remarks: tuple[Text, ...] = ()

    @property
    def dev_tokens(self) -> int:
        """See Lesson."""
        return self.plain.dev_tokens

    @property
    def dev_metric(self) -> str:
        """See Lesson."""
        return self.plain.dev_metric

    def learner(self, tuned: LocalModel) -> Any:
        """See Lesson."""
        if self.teacher is None:
            return self.plain.learner(tuned)
        alpha = self.work.neftune_alpha
        return ImitationLearner(
            tuned, self.rows, neftune_alpha=alpha, teacher=self.teacher, taught=self.taught, mix=self.mix
        )

    def dev_score(self, learner: Any) -> float:
        """See Lesson."""
        return self.plain.dev_score(learner)

    def predictor(self, learner: Any) -> Predictor:
        """See Lesson."""
        return self.plain.predictor(learner)


_ITSELF = Text(
    "the teacher is the model itself, asked in the same way: it has nothing to say that the model does not say already",
    "教师就是模型自身，且提问方式相同：它说不出模型尚未掌握的内容",
)


def _mix_told(share: float) -> Text:
    return Text(
        f"{share:.0%} of the loss is the teacher's distribution, {1 - share:.0%} the answers",
        f"损失中教师分布占 {share:.0%}，答案占 {1 - share:.0%}",
    )


def _check_comparable(work: Work, teacher: Model) -> None:
    check_same_tokens(work.model, teacher)
    if work.label_smoothing:
        raise UsageError(
            Text(
                "a teacher's distribution takes the place of label_smoothing: one of them must go",
                "教师的分布已取代 label_smoothing：两者只能选一",
            ),
            todo=Text("leave out label_smoothing, or set logits: 0", "请去掉 label_smoothing，或设置 logits: 0"),
        )


def check_same_tokens(student: LocalModel, teacher: Model) -> None:
    """Raise ModelError unless both models cut texts into the same tokens, so that distributions can be compared."""
    same = (
        isinstance(teacher, LocalModel)
        and teacher.tokenizer.get_vocab() == student.tokenizer.get_vocab()
        and teacher.encode([PROBE]) == student.encode([PROBE])
    )
    if not same:
        raise ModelError(
            Text(
                f"{teacher.card.name} has other tokens than {student.card.name}: their distributions cannot be compared",
                f"{teacher.card.name} 与 {student.card.name} 的 token 不同，无法比较其分布",
            ),
            todo=Text("set logits: 0 to learn from its answers only", "请设置 logits: 0，只学习教师的答案"),
        )


def tokens_saved(rows: Sequence[Row], taught: Sequence[Row]) -> tuple[Text, ...]:
    """Return how many tokens a question costs the student and the teacher, where they differ."""
    short, long = (sum(len(row.ids) for row in some) / max(1, len(some)) for some in (rows, taught))
    if long <= short:
        return ()
    return (
        Text(
            f"a row has {short:.0f} tokens instead of {long:.0f}: {1 - short / long:.0%} are saved at every request",
            f"每行 {short:.0f} 个 token，而不是 {long:.0f} 个：每次请求节省 {1 - short / long:.0%}",
        ),
    )


def question(example: Example) -> Example:
    """Return the example with the last thing that the assistant says as its target."""
    *before, last = example.messages
    if example.target is None and last.role == "assistant" and before:
        return replace(example, messages=tuple(before), target=last.content)
    return example


def _learned(row: Row) -> list[int]:
    return [token for token, learned in zip(row.ids, row.learn, strict=True) if learned]


def _how_answered(rows: Sequence[Example], said: Sequence[str | None]) -> list[Text]:
    unread = sum(answer is None or not answer for answer in said)
    found = []
    if unread:
        found.append(
            Text(
                f"{unread} of {len(rows)} answers of the teacher could not be read; their rows were left out",
                f"教师的 {len(rows)} 个答案中有 {unread} 个无法读取，相应数据已略去",
            )
        )
    golds = [(row.target, answer) for row, answer in zip(rows, said, strict=True) if row.target is not None]
    if golds:
        right = sum(gold == answer for gold, answer in golds)
        found.append(
            Text(
                f"the teacher agrees with the given answer on {right} of {len(golds)} rows",
                f"教师与给定答案一致的行数：{right} / {len(golds)}",
            )
        )
    return found
