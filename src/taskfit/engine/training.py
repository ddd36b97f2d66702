"""The options of gradient training by the names of the field, once for every method that trains; no torch needed."""

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from pydantic import ValidationInfo, field_validator

from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text

Schedule = Literal[
    "linear",
    "cosine",
    "cosine_with_restarts",
    "polynomial",
    "constant",
    "constant_with_warmup",
    "inverse_sqrt",
    "wsd",
]
Optimizer = Literal["adamw", "adamw_8bit", "adafactor", "sgd", "lion", "adagrad", "rmsprop"]
Parallel = Literal["auto", "ddp", "fsdp", "deepspeed"]
Precision = Literal["float32", "bfloat16"]

ENDS: frozenset[Schedule] = frozenset({"linear", "cosine", "polynomial", "wsd"})  # fall to a rate that can be chosen
TWO_BETAS: frozenset[Optimizer] = frozenset({"adamw", "adamw_8bit", "lion"})
ONE_EPS: frozenset[Optimizer] = frozenset({"adamw", "adamw_8bit", "adagrad", "rmsprop"})
MOMENTUM: frozenset[Optimizer] = frozenset({"sgd", "rmsprop"})


@dataclass(frozen=True)
class LoopSettings:
    """How to train.

    `warmup` below 1 is a share of all steps, from 1 on a number of steps. `max_steps` goes before `epochs`.
    `accumulation` cuts a step into so many pieces; left out, pieces of `tokens_at_once` tokens. `patience` is the
    number of looks at dev without a better score that ends training; None never ends it. `betas` and `eps` left
    out are the optimizer's own. A checkpoint is written every `save_every` steps and every `checkpoint_seconds`.
    `label_smoothing` and `neftune_alpha` are read by whoever makes the learner.
    """

    epochs: float
    batch: int
    lr: float
    schedule: Schedule = "linear"
    warmup: float = 0.1
    weight_decay: float = 0.0
    betas: tuple[float, float] | None = None
    clip: float = 1.0
    patience: int | None = 2
    seed: int = 0
    tokens_at_once: int = 8192
    evaluations_per_epoch: float = 1.0
    checkpoint_seconds: float = 30.0
    max_steps: int | None = None
    accumulation: int | None = None
    optimizer: Optimizer = "adamw"
    eps: float | None = None
    momentum: float = 0.0
    lr_end: float = 0.0
    power: float = 1.0
    cycles: int = 1
    decay: float = 0.1
    ema: float | None = None
    label_smoothing: float = 0.0
    neftune_alpha: float = 0.0
    save_every: int | None = None
    parallel: Parallel = "auto"


class Training(Settings):
    """What every method that trains by gradient steps can be told."""

    about: ClassVar[Text] = Text("Gradient training", "梯度训练")

    lr: float | None = setting(None, "learning rate", "学习率", gt=0, le=10)
    epochs: float | None = setting(None, "passes over the rows", "训练轮数", gt=0, le=10_000)
    max_steps: int | None = setting(
        None, "optimizer steps, instead of epochs", "优化步数，用它代替训练轮数", ge=1, le=1_000_000_000
    )
    batch: int = setting(16, "rows per optimizer step", "每个优化步的行数", ge=1, le=1_000_000)
    accumulation: int | None = setting(
        None,
        "pieces that a step is cut into to save memory; changes nothing else; left out: pieces of 8192 tokens",
        "为节省内存把一步切成几份，不改变其他任何东西；不填则按每份 8192 个 token 切分",
        ge=1,
        le=1_000_000,
    )
    schedule: Schedule = setting(
        "linear",
        "how the learning rate goes after the warm-up",
        "预热之后学习率如何变化",
    )
    warmup: float = setting(
        0.1,
        "steps in which the rate rises: below 1 a share of all steps, from 1 on their number",
        "学习率上升的步数：小于 1 为占全部步数的比例，1 及以上为步数",
        ge=0,
        le=1_000_000_000,
    )
    lr_end: float = setting(
        0.0,
        "share of the learning rate that is left at the end (linear, cosine, polynomial, wsd)",
        "结束时剩余的学习率比例（linear、cosine、polynomial、wsd）",
        ge=0,
        lt=1,
    )
    power: float = setting(1.0, "power of the polynomial schedule", "polynomial 调度的幂次", gt=0, le=10)
    cycles: int = setting(1, "falls of cosine_with_restarts", "cosine_with_restarts 的下降次数", ge=1, le=1000)
    decay: float = setting(
        0.1,
        "share of the steps (from 1 on: their number) in which wsd falls at the end",
        "wsd 末尾下降阶段的步数比例（1 及以上为步数）",
        gt=0,
        le=1_000_000_000,
    )
    optimizer: Optimizer = setting("adamw", "what turns gradients into steps", "用梯度更新权重的优化器")
    betas: tuple[float, float] | None = setting(
        None,
        "memory of adamw and lion for gradients and for what they are scaled by; left out: their own",
        "adamw 与 lion 的两个动量系数；不填则用各自的默认值",
    )
    eps: float | None = setting(
        None,
        "smallest divisor of adamw, adagrad and rmsprop; left out: their own",
        "adamw、adagrad、rmsprop 的最小除数；不填则用各自的默认值",
        gt=0,
        le=1,
    )
    momentum: float = setting(0.0, "momentum of sgd and rmsprop", "sgd 与 rmsprop 的动量", ge=0, lt=1)
    weight_decay: float = setting(0.01, "weight decay of matrices", "权重衰减（仅矩阵）", ge=0, le=1)
    clip: float = setting(
        1.0, "longest gradient over all weights; 0: as long as it is", "全部权重梯度的最大范数；0 表示不裁剪", ge=0
    )
    label_smoothing: float = setting(
        0.0, "share of each label that is spread over all others", "标签平滑：分给其他标签的比例", ge=0, lt=1
    )
    neftune_alpha: float = setting(
        0.0,
        "noise on embeddings while training (NEFTune, arXiv:2310.05914); 0: none",
        "训练时加在词嵌入上的噪声（NEFTune，arXiv:2310.05914）；0 表示不加",
        ge=0,
        le=1000,
    )
    ema: float | None = setting(
        None,
        "weight averaging: share of the average that each step keeps; the average is measured and saved",
        "权重平均：每一步保留平均值的比例；评估与保存的都是平均值",
        gt=0,
        lt=1,
    )
    gradient_checkpointing: bool = setting(
        False,
        "compute each layer again in the backward pass instead of keeping its states: less memory, a third more work",
        "反向传播时重新计算每一层而不保存中间状态：更省内存，计算量多三分之一",
    )
    precision: Precision = setting(
        "float32",
        "numbers to compute with; the optimizer always keeps float32",
        "计算精度；优化器始终保留 float32",
    )
    looks: float = setting(1.0, "times per epoch to measure on dev", "每轮在 dev 上评估的次数", gt=0, le=10_000)
    patience: int | None = setting(
        None,
        "looks at dev without a better score before stopping; left out: never",
        "dev 分数连续多少次评估没有提高就停止；不填则从不提前停止",
        ge=1,
        le=1_000_000,
    )
    save_every: int | None = setting(
        None,
        "steps between checkpoints, beside those that time makes; the newest, the last and the best weights are kept",
        "检查点间隔的步数（另外也按时间保存）；保留最新、最后与最佳的权重",
        ge=1,
        le=1_000_000_000,
    )
    parallel: Parallel = setting(
        "auto",
        "on several devices (torchrun): ddp: each holds the model; fsdp: they share it; auto: ddp",
        "多设备（torchrun）：ddp：各持一份模型；fsdp：共同分片；auto：ddp",
    )

    @field_validator("max_steps")
    @classmethod
    def _one_length(cls, value: int | None, info: ValidationInfo) -> int | None:
        epochs = info.data.get("epochs")
        if value is not None and epochs is not None and epochs != cls.model_fields["epochs"].default:
            raise Refused(
                Text(
                    f"{value} steps and {epochs:g} epochs are two lengths of one training",
                    f"{value} 步与 {epochs:g} 轮是同一次训练的两个长度",
                ),
                Text("leave out 'epochs' or 'max_steps'", "请去掉 'epochs' 或 'max_steps' 之一"),
            )
        return value

    @field_validator("accumulation")
    @classmethod
    def _pieces_have_rows(cls, value: int | None, info: ValidationInfo) -> int | None:
        batch = info.data.get("batch")
        if value is not None and batch is not None and value > batch:
            raise Refused(
                Text(f"{batch} rows cannot be cut into {value} pieces", f"{batch} 行无法切成 {value} 份"),
                Text("'batch' counts all rows of a step", "'batch' 是一步的全部行数"),
            )
        return value

    @field_validator("lr_end", "power", "cycles", "decay")
    @classmethod
    def _read_by_the_schedule(cls, value: float, info: ValidationInfo) -> float:
        readers = {
            "lr_end": ENDS,
            "power": frozenset({"polynomial"}),
            "cycles": frozenset({"cosine_with_restarts"}),
            "decay": frozenset({"wsd"}),
        }
        _refuse_unread(cls, info, value, of="schedule", readers=readers[str(info.field_name)])
        return value

    @field_validator("betas", "eps", "momentum")
    @classmethod
    def _read_by_the_optimizer(
        cls, value: float | tuple[float, float] | None, info: ValidationInfo
    ) -> float | tuple[float, float] | None:
        readers = {"betas": TWO_BETAS, "eps": ONE_EPS, "momentum": MOMENTUM}
        _refuse_unread(cls, info, value, of="optimizer", readers=readers[str(info.field_name)])
        return value

    @field_validator("betas")
    @classmethod
    def _betas_are_shares(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not all(0 <= beta < 1 for beta in value):
            raise Refused(Text("both numbers must be at least 0 and below 1", "两个数都必须不小于 0 且小于 1"))
        return value

    def loop_settings(self, seed: int, *, lr: float | None = None, epochs: float | None = None) -> LoopSettings:
        """Return how to train; `lr` and `epochs` stand for those that were left out."""
        rate = lr if lr is not None else self.lr
        length = epochs if epochs is not None else self.epochs
        if rate is None or (length is None and self.max_steps is None):
            raise ValueError("the caller chooses a learning rate and a length where the user left them out")
        return LoopSettings(
            epochs=1.0 if length is None else length,
            batch=self.batch,
            lr=rate,
            schedule=self.schedule,
            warmup=self.warmup,
            weight_decay=self.weight_decay,
            betas=self.betas,
            clip=self.clip,
            patience=self.patience,
            seed=seed,
            evaluations_per_epoch=self.looks,
            max_steps=self.max_steps,
            accumulation=self.accumulation,
            optimizer=self.optimizer,
            eps=self.eps,
            momentum=self.momentum,
            lr_end=self.lr_end,
            power=self.power,
            cycles=self.cycles,
            decay=self.decay,
            ema=self.ema,
            label_smoothing=self.label_smoothing,
            neftune_alpha=self.neftune_alpha,
            save_every=self.save_every,
            parallel=self.parallel,
        )


def _refuse_unread(
    cls: type[Training], info: ValidationInfo, value: object, *, of: str, readers: frozenset[str]
) -> None:
    """Refuse a value that the chosen schedule or optimizer would not read; its default says nothing."""
    chosen = info.data.get(of)
    if chosen is None or chosen in readers or value == cls.model_fields[str(info.field_name)].default:
        return
    named = ", ".join(one for one in (*get_args(Schedule), *get_args(Optimizer)) if one in readers)
    raise Refused(
        Text(f"{of}: {chosen} does not read it", f"{of}: {chosen} 不使用它"),
        Text(f"leave it out, or choose one of: {named}", f"请去掉它，或选择：{named}"),
    )
