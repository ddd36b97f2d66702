"""What methods share that train a model to continue text: which tokens of a row are learned, the run, the new model."""

from abc import abstractmethod
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message, Practice
from taskfit.core.method import Changes, Desk, Method
from taskfit.core.model import Ability, Model
from taskfit.core.prediction import Predictor, Story
from taskfit.core.settings import setting
from taskfit.core.task import Kind, Task
from taskfit.core.text import Text

MODEL = "model"


class LanguageTraining(Method):
    """A method that trains all weights to continue text."""

    needs: ClassVar[frozenset[Ability]] = frozenset({"train", "generate"})
    kinds: ClassVar[frozenset[Kind]] = frozenset({"generate"})
    changes: ClassVar[Changes] = "all weights"
    random: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    lr: float = setting(1e-3, "learning rate", "学习率", gt=0, le=10)
    epochs: float = setting(1.0, "passes over the rows", "训练轮数", gt=0, le=1000)
    batch: int = setting(16, "rows per optimizer step", "每个优化步的行数", ge=1, le=4096)
    schedule: str = setting(
        "cosine", "how the learning rate falls", "学习率的下降方式", pattern="^(linear|cosine|constant)$"
    )
    warmup: float = setting(0.02, "share of the steps in which the rate rises", "学习率上升阶段的比例", ge=0, le=1)
    weight_decay: float = setting(0.05, "weight decay of matrices", "权重衰减（仅矩阵）", ge=0, le=1)
    beta2: float = setting(0.98, "memory of AdamW for squared gradients", "AdamW 二阶动量系数", gt=0, lt=1)
    precision: str = setting(
        "float32",
        "numbers to compute with; the optimizer always keeps float32",
        "计算精度；优化器始终保留 float32",
        pattern="^(float32|bfloat16)$",
    )
    looks: int = setting(10, "times per epoch to measure the loss on dev", "每轮在 dev 上测量损失的次数", ge=1, le=1000)

    @abstractmethod
    def row(self, model: Any, example: Example) -> Any:
        """Return the training row of an example: its tokens, and which are learned."""

    def adapt(self, model: Model, task: Task, practice: Practice, desk: Desk) -> Predictor:
        """See Method."""
        from taskfit.engine.prompted import PromptPredictor

        trained, story = _train(self, model, practice, desk)
        return _Saved(PromptPredictor(trained, task, story=story))

    def restore(self, model: Model, task: Task, folder: Path) -> Predictor:  # noqa: ARG002
        """See Method."""
        from taskfit.engine.prompted import PromptPredictor
        from taskfit.model.open import open_local

        return _Saved(PromptPredictor(open_local(str(folder / MODEL)), task))


def _train(method: LanguageTraining, model: Model, practice: Practice, desk: Desk) -> tuple[Any, Story]:
    import torch

    from taskfit.engine.learner import TokenLearner
    from taskfit.engine.loop import LoopSettings, train
    from taskfit.engine.machine import fast_matmul
    from taskfit.model.local import LocalModel

    copy = cast(LocalModel, model).fork(dtype=getattr(torch, method.precision))
    learner = TokenLearner(copy, _rows(method, copy, practice.train, desk, Text("read the rows", "读取数据")))
    dev = TokenLearner(copy, _rows(method, copy, practice.dev, desk, Text("read dev rows", "读取 dev 数据")))
    settings = LoopSettings(
        epochs=method.epochs,
        batch=method.batch,
        lr=method.lr,
        schedule=cast(Any, method.schedule),
        warmup=method.warmup,
        weight_decay=method.weight_decay,
        betas=(0.9, method.beta2),
        patience=10**9,
        seed=desk.seed,
        evaluations_per_epoch=method.looks,
    )
    with fast_matmul():
        result = train(
            learner,
            settings,
            desk=desk,
            folder=desk.folder / "checkpoints",
            evaluate=(lambda: -mean_loss(dev)) if dev.rows else None,
        )
    copy.network.requires_grad_(False)
    count = sum(p.numel() for p in copy.network.parameters())
    desk.meter.add(tokens=result.tokens, flops=6.0 * count * result.tokens)
    return copy, Story(curve=result.curve, parameters_trained=count)


def _rows(method: LanguageTraining, model: Any, examples: Sequence[Example], desk: Desk, phase: Text) -> list[Any]:
    rows = []
    for done, example in enumerate(examples):
        if done % 1000 == 0:
            desk.progress(phase, done, len(examples))
        row = method.row(model, example)
        if len(row.ids) > model.card.context:
            raise DataError(
                Text(
                    f"the row has {len(row.ids)} tokens, the model reads {model.card.context}",
                    f"该行有 {len(row.ids)} 个 token，而模型只能读 {model.card.context} 个",
                ),
                where=str(example.origin),
                todo=Text("shorten it, or use a model with a longer context", "请缩短它，或使用上下文更长的模型"),
            )
        rows.append(row)
    return rows


def mean_loss(learner: Any) -> float:
    """Return the mean loss per learned token over all rows of a TokenLearner."""
    import torch

    total, tokens = 0.0, sum(learner.weight(row) for row in range(learner.rows))
    with torch.inference_mode():
        for start in range(0, learner.rows, 64):
            rows = range(start, min(start + 64, learner.rows))
            total += float(learner.loss(rows, tokens))
    return total


def text_row(model: Any, text: str) -> Any:
    """Return the row of a plain text: all its tokens are learned, and the end-of-text token after it."""
    from taskfit.engine.learner import Row

    ids = array("i", model.encode([text])[0])
    end = model.tokenizer.eos_token_id
    if end is not None:
        ids.append(end)
    return Row(ids, cast(Any, bytes([1]) * len(ids)))


def talk_row(model: Any, messages: Sequence[Message], *, last: int | None = None, end: bool = True) -> Any:
    """Return the row of a conversation: what the assistant says is learned, and the token that ends each answer.

    Of its answers only the `last` ones are learned; None means all. Without `end`, the ending token is not.

    The conversation is rendered and tokenised once, as it will be when the model is asked; an answer lies
    between the rendering of what comes before it and the rendering with it.
    """
    from taskfit.engine.learner import Row

    text = model.render(messages, answer_next=False)
    spans = []
    closing = len(model.template.answer_end.rstrip()) if end else 0
    for place, message in enumerate(messages):
        if message.role == "assistant":
            start = len(model.render(messages[:place], answer_next=True))
            spans.append((start, start + len(message.content) + closing))
    coded = model.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    spans = spans if last is None else spans[-last:]
    learn = bytes(any(a <= start < b for a, b in spans) for start, _ in coded["offset_mapping"])
    return Row(array("i", coded["input_ids"]), cast(Any, learn))


@dataclass
class _Saved:
    """The trained model as a predictor that writes whole model folders."""

    inner: Any

    @property
    def story(self) -> Story:
        story: Story = self.inner.story
        return story

    def predict(self, examples: Sequence[Example], meter: Any) -> Any:
        return self.inner.predict(examples, meter)

    def save(self, folder: Path) -> None:
        from taskfit.model.fresh import write_model

        write_model(self.inner.model, folder / MODEL)
