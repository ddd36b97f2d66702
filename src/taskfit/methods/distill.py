"""Learn from a larger model: its answers, and what else it might have said (Hinton et al. 2015, arXiv:1503.02531)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from taskfit.core.settings import setting
from taskfit.core.task import Kind
from taskfit.core.text import Text
from taskfit.engine.language import AnswerTraining
from taskfit.model.remote_settings import RemoteSettings

if TYPE_CHECKING:
    from taskfit.engine.aims.aim import Aim


class Distill(AnswerTraining):
    """The teacher answers the training questions; the student learns its answers, or its whole distribution."""

    about: ClassVar[Text] = Text(
        "A larger model answers the training questions; the smaller one learns its answers, and what it held likely.",
        "由更大的模型回答训练问题，较小的模型学习其答案及其认为可能的其他说法。",
    )
    when: ClassVar[Text] = Text(
        "When a large model does the task well and is too dear to serve, or when there are questions without answers.",
        "大模型能很好地完成任务但部署太贵，或只有问题没有答案时使用。",
    )
    rank: ClassVar[int] = 120
    kinds: ClassVar[frozenset[Kind]] = frozenset({"classify", "choose", "answer", "generate", "extract"})

    teacher: str | RemoteSettings | None = setting(
        None,
        "who teaches: a model (a folder, a hub name), or an endpoint {url, model}; left out: the model itself",
        "教师：模型（目录、hub 名称）或接口 {url, model}；不填则为模型自身",
    )
    answers: Literal["auto", "teacher", "gold"] = setting(
        "auto",
        "whose answers are learned: gold: those of the rows; teacher: the teacher's; auto: those of the rows, the "
        "teacher's where a row has none",
        "学习谁的答案：gold：数据自带的；teacher：教师的；auto：数据自带的，没有时用教师的",
    )
    logits: float | None = setting(
        None,
        "share of the teacher's distribution over tokens in the loss; left out: 0.5, and 0 (answers only) for an "
        "endpoint and for a model that would teach itself",
        "损失中教师 token 分布所占比例；不填则为 0.5，接口或模型自教时为 0（只学答案）",
        ge=0,
        le=1,
    )
    temperature: float = setting(
        2.0, "softens both distributions while they are compared", "比较时用于软化两个分布的温度", gt=0, le=100
    )
    shots: int = setting(
        0, "training rows shown to the teacher before each question", "每个问题前展示给教师的示例数", ge=0, le=1000
    )
    online: bool = setting(False, "allow a download of the teacher from the hub", "允许从 hub 下载教师模型")

    def aim(self) -> "Aim":
        """See LanguageTraining."""
        from taskfit.engine.aims.imitate import Imitate

        return Imitate(
            self.teacher,
            self.answers,
            self.logits,
            self.temperature,
            shots=self.shots,
            online=self.online,
            length=self.length(),
        )
