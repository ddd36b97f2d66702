"""Stopping on request: the first signal lets the work save and end, the second ends it at once."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from taskfit.core.text import Text

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """The work ended because of a signal; `exit_code` is what the process should end with."""

    def __init__(self, number: int):
        super().__init__()
        self.exit_code = 128 + number


def stop_at_once(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  (the signature is Python's)
    """Handle a signal by ending the work where it is."""
    raise Stopped(number)


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Let work in the block end in its own time: yields a function that tells whether a signal asked for it.

    A second signal ends the block at once. Whatever KeyboardInterrupt leaves the block after a signal becomes
    Stopped with that signal's exit code. Only for the main thread, as Python's signal handlers are.
    """
    asked: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if asked:
            stop_at_once(number, frame)
        asked.append(number)
        _tell()

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield lambda: bool(asked)
    except KeyboardInterrupt as stopped:
        if isinstance(stopped, Stopped) or not asked:
            raise
        raise Stopped(asked[0]) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell() -> None:
    sentence = Text("stopping after this step; again stops at once", "将在这一步之后停止；再按一次立即停止")
    sys.stderr.write(f"{sentence}\n")
