"""The command `show model`: pages of models, side by side, in the terminal."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text as Line

from taskfit.cli.command import Stage
from taskfit.cli.flags import Block
from taskfit.core.errors import UsageError
from taskfit.core.text import Text

if TYPE_CHECKING:
    from taskfit.app.show_model import ModelPage

WIDEST = 140


def show_blocks() -> tuple[Block, ...]:
    """Return the flags of `show`."""
    from taskfit.app.show_model import ShowModelSettings
    from taskfit.cli.bridge import blocks_of

    return blocks_of(ShowModelSettings)


def show_command(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.show_model import ShowModelSettings, show_model

    if values["what"] != "model":
        raise UsageError(
            Text(f"cannot show '{values['what']}'", f"无法显示 '{values['what']}'"),
            todo=Text("taskfit show model NAME", "taskfit show model 模型名"),
        )
    own = {key: value for key, value in values.items() if key not in ("what", "name")}
    show_pages(show_model(values["name"], ShowModelSettings.read(own)))


def show_pages(pages: "Sequence[ModelPage]", *, console: Console | None = None) -> None:
    """Print the pages of one model, or of two side by side."""
    out = console or Console(highlight=False)
    if console is None and not out.is_terminal:
        out.width = WIDEST
    columns = Table.grid(padding=(0, 4, 0, 0), expand=len(pages) > 1)
    for _ in pages:
        columns.add_column(ratio=1)
    columns.add_row(*(_page(page) for page in pages))
    out.print(columns)


def _page(page: "ModelPage") -> RenderableType:
    told: list[RenderableType] = [Line(page.name, "bold cyan"), Line(str(page.kind)), Line()]
    told += [Line.assemble((f"{name}: ", "dim"), str(value)) for name, value in page.facts]
    told += [Line(), _parts(page), Line(), _forms(page)]
    if page.spoken is not None:
        told += [Line(), *_spoken(page)]
    return Group(*told)


def _parts(page: "ModelPage") -> Table:
    table = _table(Text("part", "部分"), Text("parameters", "参数"), Text("share", "占比"))
    for part in page.parts:
        table.add_row(str(part.name), f"{part.parameters:,}", f"{part.share:.1%}")
    return table


def _forms(page: "ModelPage") -> Table:
    table = _table(
        Text("opened as", "打开方式"),
        Text("gives", "输出"),
        Text("parameters", "参数"),
        Text("beyond the body", "主体之外"),
    )
    for form in page.forms:
        table.add_row(form.class_name, str(form.gives), f"{form.parameters:,}", str(_beyond(form)))
    return table


def _beyond(form: Any) -> Text:
    if not form.shapes:
        return Text("-", "-")
    shapes = ", ".join(f"{name} {' x '.join(map(str, shape))}" for name, shape in form.shapes.items())
    if form.tied:
        return Text(f"{shapes}: the token embedding again (tied)", f"{shapes}：即词嵌入本身（共享）")
    if form.stored:
        return Text(f"{shapes}: in the folder", f"{shapes}：已在模型目录中")
    return Text(f"{shapes}: new, starts at random; train it before use", f"{shapes}：新增，随机初始化；使用前须训练")


def _spoken(page: "ModelPage") -> list[RenderableType]:
    spoken = page.spoken
    assert spoken is not None
    told = [
        Line.assemble((f"{Text('asked', '提问')}: ", "dim"), spoken.question),
        Line.assemble((f"{Text('as plain text it goes on', '作为纯文本续写')}: ", "dim"), repr(spoken.continued)),
    ]
    if spoken.answered is not None:
        told.append(
            Line.assemble((f"{Text('through its chat template', '通过对话模板回答')}: ", "dim"), repr(spoken.answered))
        )
    return list(told)


def _table(*headings: Text) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for place, heading in enumerate(headings):
        table.add_column(str(heading), justify="right" if place and heading.en in ("parameters", "share") else "left")
    return table
