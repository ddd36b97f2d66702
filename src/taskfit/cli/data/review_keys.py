"""A review in the terminal: one row at a time, one key for each decision; a line for each where there is no terminal."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from taskfit.cli.data.lines import say
from taskfit.core.errors import UsageError
from taskfit.core.text import Text
from taskfit.ladder.report.visible import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console

    from taskfit.app.data.review import Review
    from taskfit.workshop.review import Item

KEYS = Text(
    "a keep · s suggestion · 1-9 label · l NAME label · e edit · t edit the text · x drop · k skip · u undo · b back · q quit",
    "a 保留 · s 采纳建议 · 1-9 标签 · l 名称 选标签 · e 修改 · t 改文本 · x 删除 · k 跳过 · u 撤销 · b 上一行 · q 退出",
)
LONGEST = 4000
SHOWN_LABELS = 9


@dataclass(frozen=True)
class Typed:
    """What was typed: a key, and the words behind it where a line was read."""

    key: str
    words: str = ""


class Keyboard:
    """Reads single keys of a terminal, and lines of anything else."""

    def __init__(self, source: TextIO | None = None):
        self.source = source or sys.stdin
        self.is_terminal = self.source.isatty()

    def read(self) -> Typed | None:
        """Return what is typed next; None at the end of the input."""
        if self.is_terminal:
            key = _one_key(self.source)
            return None if key in ("", "\x04") else Typed(key)
        line = self.source.readline()
        if not line:
            return None
        key, _, words = line.rstrip("\n").strip().partition(" ")
        return Typed(key, words.strip().replace("\\n", "\n"))

    def words(self, typed: Typed, prompt: Text, before: str) -> str | None:
        """Return the words behind a key, or let them be typed, beginning with those of `before`; None: nothing new."""
        if not self.is_terminal:
            return typed.words or None
        found = _in_editor(before) if "\n" in before else _in_line(prompt, before)
        return None if found is None or not found.strip() or found == before else found


def review_here(review: "Review", who: str, console: "Console", keyboard: Keyboard) -> None:
    """Show one row after the other until all are decided, the input ends, or q is pressed; Ctrl-C stops as q does."""
    at = review.next_for(who)
    if at is not None:
        say(console, KEYS, "dim")
    try:
        while at is not None:
            _show(review, who, at, console)
            typed = keyboard.read()
            if typed is None or typed.key == "q":
                break
            at = _act(review, who, at, console=console, keyboard=keyboard, typed=typed)
    except KeyboardInterrupt:  # everything is on the disk already
        console.print()


def _act(review: "Review", who: str, at: int, *, console: "Console", keyboard: Keyboard, typed: Typed) -> int | None:
    """Do what a key asks for; return the place of the row to show next."""
    item = review.items[at]
    if typed.key in ("u", "b"):
        return _back(review, who, at, console=console, undo=typed.key == "u")
    try:
        done = _decide(review, who, item, keyboard, typed)
    except UsageError as problem:
        say(console, Text(str(problem), str(problem)), "red")
        return at
    if not done:
        say(console, KEYS, "dim")
        return at
    return review.next_for(who, at)


def _back(review: "Review", who: str, at: int, *, console: "Console", undo: bool) -> int:
    if not undo:
        return max(0, at - 1)
    last = review.undo(who)
    if last is None:
        say(console, Text("there is nothing to take back", "没有可撤销的决定"), "yellow")
        return at
    return next((place for place, item in enumerate(review.items) if item.record.id == last.row), at)


def _decide(review: "Review", who: str, item: "Item", keyboard: Keyboard, typed: Typed) -> bool:
    """Decide about a row; return False when the key means nothing here."""
    row, key = item.record.id, typed.key
    plain: Mapping[str, str] = {"a": "accept", "x": "reject", "k": "skip"}
    if key in plain:
        review.decide(row, who, plain[key], {"via": "terminal"})  # type: ignore[arg-type]
        return True
    said = _words(review, item, keyboard, typed)
    if said is None:
        return False
    what = "relabel" if "label" in said else "edit"
    review.decide(row, who, what, {**said, "via": "terminal"})  # type: ignore[arg-type]
    return True


def _words(review: "Review", item: "Item", keyboard: Keyboard, typed: Typed) -> dict[str, str] | None:
    """Return the new label, answer or text that a key and its words mean."""
    from taskfit.app.data.review_view import can_edit

    if typed.key == "s":
        return None if item.suggested is None else {"label": item.suggested}
    if typed.key.isascii() and typed.key.isdecimal() and 0 < int(typed.key) <= len(labels_shown(review, item)):
        return {"label": labels_shown(review, item)[int(typed.key) - 1]}
    words = can_edit(item.record)
    ways: Mapping[str, tuple[str, Callable[[], str | None]]] = {
        "l": ("label", lambda: keyboard.words(typed, Text("label", "标签"), "")),
        "e": ("answer" if "answer" in words else "text", lambda: _edit(keyboard, typed, words, "answer")),
        "t": ("text", lambda: _edit(keyboard, typed, words, "text")),
    }
    if typed.key not in ways:
        return None
    name, way = ways[typed.key]
    found = way()
    return None if found is None else {name: found}


def _edit(keyboard: Keyboard, typed: Typed, words: Mapping[str, str], name: str) -> str | None:
    name = name if name in words else "text"
    return keyboard.words(typed, Text("new words", "新内容"), words[name]) if name in words else None


def labels_shown(review: "Review", item: "Item") -> tuple[str, ...]:
    """Return the labels that have a number: all when they are few, else the likely ones first."""
    choices = review.choices(item.record)
    if len(choices) <= SHOWN_LABELS:
        return choices
    from taskfit.data.revise import current

    first = [one for one in (item.suggested, current(item.record)) if one in choices]
    return tuple(dict.fromkeys((*first, *choices)))[:SHOWN_LABELS]


def _show(review: "Review", who: str, at: int, console: "Console") -> None:
    from rich.text import Text as Line

    from taskfit.app.data.review_view import ROLES, parts_of, shown_label

    item, progress = review.items[at], review.progress(who)
    place = str(item.record.origin).rsplit("/", 1)[-1]
    console.print()
    console.print(Line.assemble((f"{progress.done}/{progress.total}  ", "bold"), (one_line(place), "cyan")))
    for reason in item.reasons:
        console.print(Line(f"  {one_line(str(reason.what))}", "yellow"))
    parts = parts_of(item.record)
    for role, words in parts:
        head = f"{ROLES[role]}: " if len(parts) > 1 else ""
        console.print(Line.assemble((head, "dim"), visible(words[:LONGEST]), "…" if len(words) > LONGEST else ""))
    console.print(_label_line(review, item) if review.choices(item.record) else Line(shown_label(item.record), "green"))
    mine = review.decision_of(item.record.id, who)
    if mine is not None:
        from taskfit.app.data.review_view import DID

        console.print(Line(f"  {DID[mine.what]} {one_line(mine.label or '')}", "green"))


def _label_line(review: "Review", item: "Item") -> object:
    from rich.text import Text as Line

    from taskfit.data.revise import current

    line = Line("  ")
    for number, name in enumerate(labels_shown(review, item), 1):
        marks = []
        if name == current(item.record):
            marks.append(str(Text("now", "当前")))
        if name == item.suggested:
            marks.append(str(Text("suggested", "建议")))
        style = "bold green" if name == item.suggested else "bold" if marks else ""
        line.append(f"{number} ", "dim").append(one_line(name), style)
        line.append(f" ({', '.join(marks)})" if marks else "", "dim").append("   ")
    left = len(review.choices(item.record)) - SHOWN_LABELS
    return line.append(f"+{left} (l)", "dim") if left > 0 else line


def _one_key(source: TextIO) -> str:
    """Return one key of a terminal, without waiting for Enter; Ctrl-C stays Ctrl-C."""
    import termios
    import tty

    number = source.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        key = os.read(number, 8).decode("utf-8", "replace")
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
    return key[:1] if key[:1] != "\x1b" else "b" if key == "\x1b[D" else "?"


def _in_line(prompt: Text, before: str) -> str | None:
    """Let one line be typed that begins with the words of before."""
    import readline

    readline.set_startup_hook(lambda: readline.insert_text(before))
    try:
        return input(f"{prompt}: ")
    except EOFError:
        return None
    finally:
        readline.set_startup_hook()


def _in_editor(before: str) -> str | None:
    """Let several lines be edited by the editor of the user."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if editor is None:
        raise UsageError(
            Text("the words have several lines, and no editor is named", "内容有多行，但未指定编辑器"),
            todo=Text("set EDITOR, or use --web", "请设置 EDITOR，或使用 --web"),
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.txt"
        path.write_text(before, encoding="utf-8", newline="")
        done = subprocess.run([*editor.split(), str(path)], check=False)
        found = path.read_text(encoding="utf-8").removesuffix("\n")
    return found if done.returncode == 0 else None
