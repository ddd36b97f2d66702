"""The command `memory`: bytes by part, what fits, in the terminal or as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from taskfit.cli.command import Stage
from taskfit.cli.flags import Block, Flag
from taskfit.core.files import to_json
from taskfit.core.text import Text, same

if TYPE_CHECKING:
    from taskfit.app.memory import Need
    from taskfit.plan.planner import Moment, Part

WIDEST = 140
JSON = Flag("json", "switch", "", Text("print JSON instead of a table", "输出 JSON 而不是表格"))


def memory_blocks() -> tuple[Block, ...]:
    """Return the flags of `memory`."""
    from taskfit.app.memory import MemorySettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(MemorySettings)
    return (Block(own.title, (*own.flags, JSON)), *nested)


def model_names() -> tuple[str, ...]:
    """Return the names of the models whose shapes are known."""
    from taskfit.plan.known import names

    return names()


def memory_command(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.memory import MemorySettings, memory

    own = {key: value for key, value in values.items() if key not in ("model", "json")}
    needs = memory(
        MemorySettings.read(own, lines={key: f"--{key}".replace("_", "-") for key in own}), values.get("model")
    )
    if values.get("json"):
        print(to_json([as_json(one) for one in needs]))  # noqa: T201
    elif len(needs) == 1:
        show_one(needs[0])
    else:
        show_many(needs)


def as_json(need: "Need") -> dict[str, Any]:
    """Return all there is to know of a need, in bytes."""
    found, order = need.estimate, asdict(need.order)
    return {
        "model": need.model,
        "method": order.pop("way"),
        "parameters": found.parameters,
        "trained": found.trained,
        "bytes": round(found.total),
        "parts": {part: round(count) for part, count in found.parts.items() if count},
        "moment": found.moment,
        "moments": {moment: round(count) for moment, count in found.moments.items()},
        "room": need.room,
        "fits": need.fits,
        "largest_batch": need.largest_batch,
        "largest_length": need.largest_length,
        "asked": order,
    }


def show_one(need: "Need", *, console: Console | None = None) -> None:
    """Print the parts of one need, when the peak is, and what fits."""
    from taskfit.plan.sizes import show_size

    out, found = console or _console(), need.estimate
    out.print(_title(need))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    sides: tuple[Literal["left", "right"], ...] = ("left", "right", "left")
    for side in sides:
        table.add_column(justify=side)
    for part, count in found.parts.items():
        if count >= 0.5e6:
            name, told = _parts()[part]
            table.add_row(Line(str(name), "cyan"), show_size(count), Line(str(told), "dim"))
    peak = Text(f"at the moment: {_moments()[found.moment].en}", f"峰值出现在：{_moments()[found.moment].zh}")
    table.add_row(
        Line(str(Text("together", "合计")), "bold"), Line(show_size(found.total), "bold"), Line(str(peak), "dim")
    )
    out.print(table)
    if need.room is not None:
        out.print(_answer(need))


def show_many(needs: "Sequence[Need]", *, console: Console | None = None) -> None:
    """Print one line per need."""
    from taskfit.plan.sizes import show_size

    out = console or _console()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    groups: dict[Text, tuple[str, ...]] = {
        Text("weights", "权重"): ("weights", "copies", "adapters", "masters"),
        Text("optimizer", "优化器"): ("optimizer", "step"),
        Text("gradients", "梯度"): ("gradients",),
        Text("activations", "激活"): ("activations", "logits", "cache"),
        Text("overhead", "其他"): ("overhead",),
    }
    head = (
        Text("model", "模型"),
        Text("method", "方法"),
        Text("trained", "训练的参数"),
        *groups,
        Text("together", "合计"),
    )
    with_room = any(need.room is not None for need in needs)
    extra = (Text("fits", "放得下"), Text("most rows", "最大批量"), Text("longest", "最大长度")) if with_room else ()
    for place, title in enumerate((*head, *extra)):
        table.add_column(str(title), justify="left" if place < 2 else "right", no_wrap=True)
    for need in needs:
        parts = {str(part): count for part, count in need.estimate.parts.items()}
        cells = [need.model, need.order.way, f"{need.estimate.trained:,}"]
        cells += [show_size(sum(parts.get(part, 0.0) for part in own)) for own in groups.values()]
        cells.append(show_size(need.estimate.total))
        if with_room:
            cells += [str(_yes(need.fits)), str(_batch(need)), f"{need.largest_length:,}"]
        table.add_row(*cells)
    order = needs[0].order
    again = Text(", layers computed again", "，重计算") if order.checkpointing else Text("", "")
    said = Text(
        f"{order.framework}: {order.batch} x {order.length} tokens, {order.precision}{again.en}; each device, at the peak",
        f"{order.framework}：{order.batch} x {order.length} 个 token，{order.precision}{again.zh}；单个设备的峰值",
    )
    out.print(table)
    out.print(Line(str(said), "dim"))


def _title(need: "Need") -> Line:
    found, order = need.estimate, need.order
    told = Text(
        f"  {found.parameters:,} parameters, {found.trained:,} trained; "
        f"{order.batch} x {order.length} tokens, {order.precision}, {order.framework}",
        f"  {found.parameters:,} 个参数，训练 {found.trained:,} 个；"
        f"{order.batch} x {order.length} 个 token，{order.precision}，{order.framework}",
    )
    return Line.assemble((need.model, "bold cyan"), f"  {order.way}", (str(told), "dim"))


def _answer(need: "Need") -> Line:
    from taskfit.plan.sizes import show_size

    room, batch = show_size(need.room or 0.0), _batch(need)
    told = Text(
        f"{'fits' if need.fits else 'does not fit'} into {room}, a twentieth left free; "
        f"largest batch at this length: {batch.en}; longest row at this batch: {need.largest_length:,}",
        f"{'放得下' if need.fits else '放不下'}：{room}（留出二十分之一）；"
        f"此长度下最大批量：{batch.zh}；此批量下最大长度：{need.largest_length:,}",
    )
    return Line(str(told), "green" if need.fits else "red")


def _batch(need: "Need") -> Text:
    from taskfit.plan.fits import LARGEST_BATCH

    return Text("any", "任意") if need.largest_batch == LARGEST_BATCH else same(f"{need.largest_batch:,}")


def _yes(answer: bool | None) -> Text:
    return Text("yes", "是") if answer else Text("no", "否")


def _parts() -> "dict[Part, tuple[Text, Text]]":
    return {
        "weights": (Text("weights", "权重"), Text("of the network", "网络本身")),
        "copies": (
            Text("copies", "副本"),
            Text("the untouched base, the best weights so far", "未改动的基座、目前最好的权重"),
        ),
        "adapters": (Text("added weights", "新增权重"), Text("LoRA, adapters, prefixes", "LoRA、适配器、前缀")),
        "masters": (Text("masters", "主权重"), Text("float32 copies of trained weights", "被训练权重的 float32 副本")),
        "optimizer": (Text("optimizer", "优化器"), Text("what it remembers per weight", "每个权重的优化器状态")),
        "gradients": (Text("gradients", "梯度"), Text("", "")),
        "step": (Text("step", "更新"), Text("copies during the step", "更新时的临时副本")),
        "activations": (
            Text("activations", "激活"),
            Text("what layers keep for the backward pass", "为反向传播保存的中间值"),
        ),
        "logits": (Text("logits", "logits"), Text("and what the loss makes of them", "以及损失计算的中间量")),
        "cache": (Text("cache", "缓存"), Text("keys and values, or frozen features", "键值缓存，或冻结层特征")),
        "overhead": (
            Text("overhead", "其他"),
            Text("context of the GPU or imported libraries, buffers", "GPU 上下文或已导入的库、缓冲区"),
        ),
    }


def _moments() -> "dict[Moment, Text]":
    return {
        "opening": Text("the weights are opened", "打开权重"),
        "sharing out": Text("whole weights are shared out", "分发完整权重"),
        "backward begins": Text("the backward pass begins", "反向传播开始"),
        "a layer again": Text("the backward pass goes through the layers", "反向传播经过各层"),
        "backward ends": Text("the backward pass ends", "反向传播结束"),
        "the step": Text("the optimizer steps", "优化器更新"),
        "reading": Text("the frozen network reads the rows", "冻结网络读取数据"),
        "writing": Text("the last token is written", "生成最后一个 token"),
    }


def _console() -> Console:
    console = Console(highlight=False)
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    return console
