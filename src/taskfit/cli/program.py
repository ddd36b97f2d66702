"""One run of the command line: the language, the command, and how every kind of ending is told."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from typer.exceptions import Abort, TyperException

from taskfit.app.stop import SIGNALS, Stopped, stop_at_once
from taskfit.cli.command import Stage
from taskfit.cli.commands import commands
from taskfit.cli.parser import parse
from taskfit.cli.wrong_words import in_our_words
from taskfit.core.errors import TaskfitError
from taskfit.core.files import cannot_write
from taskfit.core.text import Text, language_of_reader, speak

BUG, NO_MEMORY, INTERRUPTED, BROKEN_PIPE = 1, 5, 130, 141
DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM}


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code."""
    for number in SIGNALS:
        signal.signal(number, stop_at_once)
    sys.exit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run one command line; return the exit code, after telling on stderr whatever went wrong."""
    asked, rest = _language(list(words))
    speak(language_of_reader(asked))
    stage = Stage()
    return ending(lambda: _do(rest, stage), stage)


def ending(work: Callable[[], None], stage: Stage) -> int:
    """Do the work; return the exit code, after telling on stderr whatever went wrong."""
    try:
        work()
    except TaskfitError as problem:
        return _tell(problem)
    except KeyboardInterrupt as stopped:
        _say(_how_to_resume(stage))
        return stopped.exit_code if isinstance(stopped, Stopped) else INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except MemoryError:
        _say(Text("error: not enough memory; use a smaller model or batch", "错误：内存不足；请用更小的模型或批量"))
        return NO_MEMORY
    except OSError as problem:
        if problem.errno in DISK_TROUBLE:
            return _tell(cannot_write(Path(str(problem.filename or stage.folder or ".")), problem))
        return _bug(problem, stage)
    except Exception as problem:  # noqa: BLE001  (the last stop: whatever is left is a bug of ours)
        return _bug(problem, stage)
    return 0


def _do(words: list[str], stage: Stage) -> None:
    known = commands()
    try:
        call = parse(words, known)
    except Abort:
        raise KeyboardInterrupt from None
    except TyperException as problem:
        raise in_our_words(problem, words, known) from None
    if call is not None:
        call.command.run(call.values, stage)


def _language(words: list[str]) -> tuple[str | None, list[str]]:
    """Return the language asked for with --lang anywhere on the line, and the other words."""
    for place, word in enumerate(words):
        if word.startswith("--lang="):
            return word.removeprefix("--lang="), words[:place] + words[place + 1 :]
        if word == "--lang" and place + 1 < len(words):
            return words[place + 1], words[:place] + words[place + 2 :]
    return None, words


def _tell(problem: TaskfitError) -> int:
    _say(Text(f"error: {problem}", f"错误：{problem}"))
    return problem.exit_code


def _say(sentence: Text) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201


def _how_to_resume(stage: Stage) -> Text:
    if stage.folder is None:
        return Text("stopped; nothing was begun", "已停止；尚未开始")
    folder = stage.folder
    return Text(
        f"stopped; the same command again, or --run {folder}, continues where it stopped",
        f"已停止；再次运行同一命令，或加上 --run {folder}，即可从停下处继续",
    )


def _bug(problem: Exception, stage: Stage) -> int:
    """Put the whole trace into crash.log and tell in one line where it is."""
    trace = "".join(traceback.format_exception(problem))
    short = f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}".rstrip(": ")
    path = (stage.folder or Path()) / "crash.log"
    try:
        path.write_text(trace, encoding="utf-8", errors="backslashreplace")
    except OSError:
        sys.stderr.write(trace)
        _say(Text(f"error: a bug of taskfit: {short}", f"错误：taskfit 的缺陷：{short}"))
        return BUG
    _say(
        Text(
            f"error: a bug of taskfit: {short}; the whole trace is in {path}, please report it",
            f"错误：taskfit 的缺陷：{short}；完整记录见 {path}，欢迎反馈",
        )
    )
    return BUG
