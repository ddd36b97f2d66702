"""What a training or an answer will need, for a model known by its config alone; nothing is loaded or downloaded."""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from pydantic import model_validator

from taskfit.app.bits import Bits
from taskfit.core.errors import UsageError
from taskfit.core.settings import Refused, Settings, setting
from taskfit.core.text import Text
from taskfit.plan.activations import Attention
from taskfit.plan.change import Form, Knobs, Way
from taskfit.plan.fits import fits, largest_batch, largest_length
from taskfit.plan.framework import Name as Framework
from taskfit.plan.order import Optimizer, Order, Place, Sharing
from taskfit.plan.planner import Estimate, estimate
from taskfit.plan.read import read_shape
from taskfit.plan.room import room_on_cpu, room_on_gpu
from taskfit.plan.shape import Shape
from taskfit.plan.sizes import Packing, Precision, read_size

USUAL_LENGTH = 2048
TABLE_MODELS = ("llama-2-7b", "llama-2-13b")
TABLE_WAYS: tuple[Way, ...] = ("full", "lora", "qlora")
CHANGE_THE_BASE: tuple[Way, ...] = ("full", "last_layers")
PACKING_OF: dict[int | None, Packing] = {None: "", 4: "nf4", 8: "int8"}
ALL_WAYS: tuple[Way, ...] = ("inference", "head", "last_layers", "prefix", "adapter", "qlora", "lora", "full")


class MemorySettings(Settings):
    """What is asked of the planner."""

    about: ClassVar[Text] = Text("Will it fit?", "放得下吗？")

    method: Way | None = setting(
        None,
        "what is done; left out: one line for each of the usual ones",
        "要做什么；不填则常用方法各列一行",
    )
    batch: int = setting(1, "rows computed at once", "一次计算的行数", ge=1, le=1_000_000)
    length: int | None = setting(
        None,
        "tokens of a row; left out: 2048, or what the model reads",
        "每行的 token 数；不填则为 2048 或模型的上限",
        ge=1,
        le=1 << 24,
    )
    precision: Precision = setting(
        "bfloat16",
        "numbers; mixed: float32 weights that are computed with in bfloat16 (autocast)",
        "数值精度；mixed：以 float32 保存、用 bfloat16 计算（autocast）",
    )
    packing: Packing = setting(
        "",
        "keep the base's matrices in few bits; left out: nf4 for qlora, else whole",
        "用低位数保存基座矩阵；不填则 qlora 为 nf4，其他方法不量化",
    )
    bits: Bits = setting(
        None,
        "the same as the commands that open a model say it: 4 is nf4, 8 is int8",
        "与打开模型的命令写法相同：4 即 nf4，8 即 int8",
    )
    gradient_checkpointing: bool = setting(
        False,
        "compute layers again in the backward pass instead of keeping their values",
        "反向传播时重新计算各层，而不保存中间值",
    )
    accumulation: bool = setting(False, "gradients wait for more than one batch", "梯度累积：等待不止一批")
    optimizer: Optimizer = setting("adamw", "what turns gradients into steps", "用梯度更新权重的优化器")
    attention: Attention = setting(
        "flash",
        "flash: no table of attention weights is kept; eager: all of it",
        "flash：不保存注意力权重表；eager：全部保存",
    )
    framework: Framework = setting("taskfit", "the program that trains", "进行训练的程序")
    device: Place = setting("gpu", "where it runs", "运行在何处")
    devices: int = setting(
        1, "devices; all figures are those of one of them", "设备数；数字均为单个设备", ge=1, le=100_000
    )
    sharing: Sharing = setting(
        "ddp",
        "ddp: each device holds everything; zero1 shares the optimizer's states, zero2 gradients too, zero3 and fsdp all",
        "ddp：每个设备持有全部；zero1 分片优化器状态，zero2 还分片梯度，zero3 与 fsdp 全部分片",
    )
    fits: str = setting(
        "",
        "memory of a device, like 24GB or 80GiB, or here: what this machine has free; the largest batch and length for it",
        "单个设备的内存，如 24GB、80GiB，或 here（本机可用内存）；给出放得下的最大批量与长度",
    )
    rank: int = setting(8, "rank of lora and qlora", "lora 与 qlora 的秩", ge=1, le=65536)
    targets: tuple[str, ...] = setting(
        (), "matrices with lora: ends of their names; left out: all", "加 lora 的矩阵（名称结尾）；不填则为全部"
    )
    whole: tuple[Literal["embedding", "head"], ...] = setting(
        (), "what lora trains whole beside its matrices", "lora 之外完整训练的部分"
    )
    layers: int = setting(2, "layers that last_layers trains", "last_layers 训练的层数", ge=1, le=1000)
    size: int | None = setting(
        None, "units inside an adapter; left out: width / 16", "适配器内部单元数；不填则为宽度的 1/16", ge=1, le=65536
    )
    form: Form = setting("pfeiffer", "form of the adapter", "适配器的形式")
    tokens: int = setting(
        20, "trained tokens of prefix, prompt and p_tuning", "prefix、prompt、p_tuning 的 token 数", ge=1, le=65536
    )
    rows: int = setting(
        0,
        "rows whose frozen features last_layers keeps in the memory of the processor",
        "last_layers 在内存中保存冻结特征的行数",
        ge=0,
        le=1_000_000_000,
    )

    @model_validator(mode="after")
    def _few_bits_can_be_trained(self) -> "MemorySettings":
        if self.bits is not None and self.packing:
            raise Refused(
                Text("'bits' and 'packing' say the same thing", "'bits' 与 'packing' 说的是同一件事"),
                Text("keep one of them", "请只保留一个"),
            )
        if (self.bits is not None or self.packing) and self.method in CHANGE_THE_BASE:
            kept = self.packing or f"{self.bits} bits"
            raise Refused(
                Text(
                    f"{self.method} trains the base's own weights, which cannot be trained when kept as {kept}",
                    f"{self.method} 训练基座自身的权重，而以 {kept} 存储的权重无法训练",
                ),
                Text("ask for qlora or lora", "请改用 qlora 或 lora"),
            )
        return self

    @property
    def kept_as(self) -> Packing:
        """How the base's matrices are kept, however it was said."""
        return self.packing or PACKING_OF[self.bits]


@dataclass(frozen=True)
class Need:
    """What one order needs; with a `room`, whether it fits, and the largest batch and length that do."""

    model: str
    order: Order
    estimate: Estimate
    room: float | None = None
    fits: bool | None = None
    largest_batch: int | None = None
    largest_length: int | None = None


def memory(settings: MemorySettings, model: str | None = None) -> tuple[Need, ...]:
    """Return what is needed: by one method, or by each of the usual ones; without a model, Llama-2 7B and 13B.

    Raises ModelError for a model that is not known, UsageError for a size that is none.
    """
    room = _room(settings)
    models = TABLE_MODELS if model is None else (model,)
    usual = TABLE_WAYS if model is None else ALL_WAYS
    if settings.kept_as:
        usual = tuple(way for way in usual if way not in CHANGE_THE_BASE)
    ways = (settings.method,) if settings.method else usual
    if not settings.method and model is None:  # as such models are trained
        settings = settings.model_copy(update={"gradient_checkpointing": True})
    shapes = [read_shape(name) for name in models]
    return tuple(_need(shape, order_of(settings, shape, way), room) for shape in shapes for way in ways if way)


def order_of(settings: MemorySettings, shape: Shape, way: Way) -> Order:
    """Return the order that the settings ask for."""
    knobs = Knobs(
        rank=settings.rank,
        targets=settings.targets,
        whole=settings.whole,
        layers=settings.layers,
        size=settings.size,
        form=settings.form,
        tokens=settings.tokens,
    )
    return Order(
        way,
        knobs,
        batch=settings.batch,
        length=settings.length or min(USUAL_LENGTH, shape.context or USUAL_LENGTH),
        precision=settings.precision,
        packing=settings.kept_as,
        checkpointing=settings.gradient_checkpointing,
        accumulation=settings.accumulation,
        optimizer=settings.optimizer,
        attention=settings.attention,
        devices=settings.devices,
        sharing=settings.sharing,
        framework=settings.framework,
        rows=settings.rows,
        place=settings.device,
    )


def _need(shape: Shape, order: Order, room: float | None) -> Need:
    found = Need(shape.name, order, estimate(shape, order))
    if room is None:
        return found
    return replace(
        found,
        room=room,
        fits=fits(shape, order, room),
        largest_batch=largest_batch(shape, order, room),
        largest_length=largest_length(shape, order, room),
    )


def _room(settings: MemorySettings) -> float | None:
    if not settings.fits:
        return None
    if settings.fits != "here":
        return float(read_size(settings.fits, where="--fits"))
    here = room_on_gpu() if settings.device == "gpu" else room_on_cpu()
    if here is None:
        raise UsageError(
            Text("there is no GPU here", "本机没有 GPU")
            if settings.device == "gpu"
            else Text("this system does not tell how much memory is free", "系统未提供可用内存"),
            where="--fits",
            todo=Text("give a size, like 24GB, or --device cpu", "请给出大小（如 24GB），或使用 --device cpu"),
        )
    return float(here)
