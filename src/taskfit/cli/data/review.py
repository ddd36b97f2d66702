"""The command `data review`: rows that people should look at, in the terminal or in the browser."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskfit.cli.command import Argument, Command, Stage
from taskfit.cli.data.lines import say, terminal
from taskfit.cli.flags import Block, Flag
from taskfit.core.text import Text

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.review import Review

OWN = (
    Flag("web", "switch", "", Text("review in the browser, on this machine only", "在浏览器中审阅（仅限本机）")),
    Flag("list", "switch", "", Text("only list the rows, the most likely first", "只列出这些行，最可疑的在前")),
)


def command() -> Command:
    """Return the command."""
    return Command(
        "review",
        Text(
            "let people look at rows: the likely mistakes first; decisions go into a file, row by row",
            "人工审阅：最可能有错的行在前，决定逐条写入文件",
        ),
        run,
        (Argument("file", Text("file of rows", "数据文件")),),
        _blocks,
        "taskfit data review rows.csv --web",
    )


def _blocks() -> tuple[Block, ...]:
    from taskfit.app.data.review import ReviewSettings
    from taskfit.cli.bridge import blocks_of

    own, *nested = blocks_of(ReviewSettings)
    return (Block(own.title, (*own.flags, *OWN)), *nested)


def run(values: Mapping[str, Any], stage: Stage) -> None:  # noqa: ARG001
    """Run the command."""
    from taskfit.app.data.review import ReviewSettings, name_of, open_review
    from taskfit.cli.data.bar import Bar

    others = {flag.key for flag in OWN} | {"file"}
    own = {key: value for key, value in values.items() if key not in others}
    settings = ReviewSettings.read(own, lines={key: f"--{key}" for key in own})
    file, who, console = values["file"], name_of(settings), terminal()
    with Bar() as bar:
        review = open_review(file, settings, bar.emit)
    if review.torn:
        say(
            console,
            Text(f"{review.path}: the last line was torn and is not counted", f"{review.path}：最后一行不完整，未计入"),
            "yellow",
        )
    if values.get("list"):
        _list(review, console)
    elif values.get("web"):
        _web(review, who, console, file)
    else:
        from taskfit.cli.data.review_keys import Keyboard, review_here

        review_here(review, who, console, Keyboard())
        _told(review, who, file, console)


def _web(review: "Review", who: str, console: "Console", file: str) -> None:
    """Serve the page until Ctrl-C; every decision is on the disk before it is answered."""
    from taskfit.app.data.review_server import ReviewServer
    from taskfit.core.text import current_language

    with ReviewServer(review, who, current_language(), name=Path(file).name) as server:
        say(
            console,
            Text(f"{len(review.items):,} rows: {server.url}", f"{len(review.items):,} 行：{server.url}"),
            "bold",
        )
        told = Text(
            "open this address in a browser on this machine; Ctrl-C stops, everything decided is in ",
            "请在本机浏览器中打开上述地址；Ctrl-C 停止，所有决定都已写入 ",
        )
        say(console, Text(f"{told.en}{review.path}", f"{told.zh}{review.path}"), "dim")
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:  # the way to stop it
            console.print()
    _told(review, who, file, console)


def _told(review: "Review", who: str, file: str, console: "Console") -> None:
    from taskfit.app.data.review_view import DID

    progress, people = review.progress(who), review.people()
    did = ", ".join(f"{count} {DID[name]}" for name, count in progress.counts.items())
    said = f" ({did})" if did else ""
    if not progress.total:
        say(
            console,
            Text("nothing looks wrong; --queue all reviews every row", "未发现可疑的行；--queue all 可审阅全部"),
            "bold",
        )
        return
    say(
        console,
        Text(
            f"{progress.done} of {progress.total} rows decided{said}",
            f"已决定 {progress.done} / {progress.total} 行{said}",
        ),
        "bold",
    )
    for pair in people.pairs:
        kappa = "-" if pair.kappa is None else f"{pair.kappa:.2f}"
        alike = f"{pair.one} · {pair.other}: {pair.alike:.0%}, kappa {kappa}"
        say(console, Text(f"{alike} ({pair.rows} rows)", f"{alike}（{pair.rows} 行）"), "dim")
    if people.alpha is not None:
        told = f"Krippendorff's alpha {people.alpha:.2f}"
        say(console, Text(f"{told} on {people.shared} rows", f"{told}（{people.shared} 行）"), "dim")
    if progress.done:
        step = f"taskfit data fix {file} --step 'relabel: {{decisions: {review.path}}}' --out FILE"
        say(console, Text(f"written: {review.path}; next: {step}", f"已写出：{review.path}；下一步：{step}"))


def _list(review: "Review", console: "Console") -> None:
    from rich.text import Text as Line

    from taskfit.app.data.review_view import shown_label
    from taskfit.ladder.report.visible import one_line

    for item in review.items:
        place = one_line(str(item.record.origin).rsplit("/", 1)[-1])
        label = one_line(shown_label(item.record)) + (f" → {one_line(item.suggested)}?" if item.suggested else "")
        head = Line.assemble(
            (f"{item.gain:4.0%} ", "bold"), (place, "cyan"), "  ", (label, "green"), "  ", one_line(item.record.prompt)
        )
        console.print(head, no_wrap=True, overflow="ellipsis")
        for reason in item.reasons:
            console.print(Line(f"     {one_line(str(reason.what))}", "dim"), no_wrap=True, overflow="ellipsis")
