"""Explain a model: its kind, its parameters by part, what a head changes, and whether it answers or continues."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from taskfit.app.bits import KEPT_IN, Bits
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text, same
from taskfit.model.anatomy import Form, Part, forms_of, parts_of
from taskfit.plan.sizes import show_size

if TYPE_CHECKING:
    import torch

# The question by which one sees it: a base model goes on with the sentence, a tuned one answers and stops.
QUESTION = Text("Teach me to swim.", "教我游泳。")
LONGEST = 48
# The question and nothing around it.
BARE = "{% for message in messages %}{{ message.content }}{% endfor %}"


class ShowModelSettings(Settings):
    """All that `taskfit show model` can be told."""

    about: ClassVar[Text] = Text("Explain a model", "说明一个模型")

    beside: str | None = setting(
        None, "a second model to show beside it, for instance the tuned one", "并排显示的第二个模型，例如微调后的"
    )
    labels: int = setting(2, "classes of the classification head", "分类头的类别数", ge=2, le=100_000)
    question: str | None = setting(
        None, "what it is asked; default: to teach swimming", "向它提的问题；默认请它教游泳", min_length=1
    )
    ask: bool = setting(True, "ask it and show what it says", "向模型提问并显示它的回答")
    bits: Bits = setting(None, KEPT_IN.en, KEPT_IN.zh)
    online: bool = setting(False, "allow downloads of models from the hub", "允许从 hub 下载模型")


@dataclass(frozen=True)
class Spoken:
    """What the model says to the question: plain, and through its chat template where it has one."""

    question: str
    continued: str
    answered: str | None
    stops: bool


@dataclass(frozen=True)
class ModelPage:
    """All there is to tell of one model."""

    name: str
    facts: tuple[tuple[Text, Text], ...]
    parts: tuple[Part, ...]
    forms: tuple[Form, ...]
    kind: Text
    spoken: Spoken | None


def show_model(name: str, settings: ShowModelSettings) -> tuple[ModelPage, ...]:
    """Return the page of the model `name`, and of the one beside it; raise ModelError when one cannot be opened."""
    names = [name] if settings.beside is None else [name, settings.beside]
    return tuple(_page(one, settings) for one in names)


def _page(name: str, settings: ShowModelSettings) -> ModelPage:
    from taskfit.model.folder import read_shapes
    from taskfit.model.open import open_local

    model = open_local(name, online=settings.online, bits=settings.bits)
    card = model.card
    causal = card.architecture == "causal"
    spoken = _spoken(model, settings.question or str(QUESTION)) if settings.ask and causal else None
    return ModelPage(
        name,
        (
            (
                Text("kind", "类型"),
                Text(f"{card.architecture}, {card.family}", f"{'因果' if causal else '编码器'}，{card.family}"),
            ),
            (Text("parameters", "参数"), same(f"{card.parameters:,}")),
            (Text("layers x width", "层数 × 宽度"), same(f"{card.layers} x {card.width}")),
            (Text("vocabulary", "词表"), same(f"{card.vocabulary:,}")),
            (Text("context, tokens", "上下文，token"), same(f"{card.context:,}")),
            (Text("chat template", "对话模板"), Text("yes", "有") if card.chat else Text("none", "无")),
            *_packed(model.network, settings.bits),
            *((Text("remark", "备注"), remark) for remark in model.remarks),
        ),
        parts_of(model.network),
        forms_of(model.folder, labels=settings.labels, stored=frozenset(read_shapes(model.folder))),
        _kind(causal, card.chat, spoken),
        spoken,
    )


def _packed(network: "torch.nn.Module", bits: int | None) -> tuple[tuple[Text, Text], ...]:
    """Return the line on weights kept in few bits: how many, and the bytes of all weights."""
    if bits is None:
        return ()
    held = sum(one.nbytes for one in (*network.parameters(), *network.buffers()))
    told = Text(
        f"{bits} bits in the layers; all weights {show_size(held)}", f"各层 {bits} 位；全部权重 {show_size(held)}"
    )
    return ((Text("kept in", "存储"), told),)


def _spoken(model: object, question: str) -> Spoken:
    from dataclasses import replace

    from taskfit.model.local import LocalModel
    from taskfit.model.template import ChatTemplate

    assert isinstance(model, LocalModel)
    asked = [[Message("user", question)]]
    plain = replace(model, template=ChatTemplate(BARE))
    continued = plain.generate(asked, max_tokens=LONGEST, meter=Meter())[0]
    if not model.card.chat:
        return Spoken(question, continued.text, None, continued.finish == "stop")
    answered = model.generate(asked, max_tokens=LONGEST, meter=Meter())[0]
    return Spoken(question, continued.text, answered.text, answered.finish == "stop")


def _kind(causal: bool, chat: bool, spoken: Spoken | None) -> Text:
    if not causal:
        return Text(
            "An encoder: it reads and says nothing; use a classification head.",
            "编码器：只读不写，请使用分类头。",
        )
    if not chat:
        return Text(
            "A base model: it has no chat template and goes on with a text. Use few-shot prompts, a head, or instruct it.",
            "基座模型：没有对话模板，只会续写文本。请使用少样本提示、分类头，或进行指令微调。",
        )
    if spoken is None:
        return Text("An instruct model by its chat template; it was not asked.", "按对话模板属于指令模型；未提问验证。")
    if spoken.stops:
        return Text(
            "An instruct model: it has a chat template, answers and ends its turn.",
            "指令模型：有对话模板，会作答并结束回合。",
        )
    return Text(
        f"It has a chat template, but did not end its turn within {LONGEST} tokens: a base model with a template, "
        "or one with long answers.",
        f"有对话模板，但 {LONGEST} 个 token 内没有结束回合：可能是带模板的基座模型，或回答较长。",
    )
