"""Where a climb is kept: the folder to work in, found, made, and taken away again when nothing was begun in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskfit.app.report import SETTINGS
from taskfit.app.settings import ClimbSettings
from taskfit.app.task_file import read_climb, same_work
from taskfit.core.errors import TaskfitError, UsageError
from taskfit.core.files import cannot_write
from taskfit.core.run import RunFolder, new_run
from taskfit.core.text import Text

FINISHED = "report.html"  # the last of the files that a finished climb writes


@contextmanager
def place_of(settings: ClimbSettings) -> Iterator[RunFolder]:
    """Hold the folder to work in: the one named, else an unfinished one with the same settings, else a new one.

    A folder that was made here and in which nothing was begun (the model cannot be opened) is taken away again.
    """
    run, is_new = _find(settings)
    with run.locked():
        _sweep(run.path)
        try:
            yield run
        finally:
            if is_new and not (run.path / SETTINGS).exists():
                shutil.rmtree(run.path, ignore_errors=True)


def _find(settings: ClimbSettings) -> tuple[RunFolder, bool]:
    if settings.run is not None:
        return _named(Path(settings.run), settings)
    run = _unfinished(settings)
    return (run, False) if run is not None else (new_run(Path(settings.runs), settings.name), True)


def _sweep(folder: Path) -> None:
    """Take away what a killed writer left half-written; nobody else writes here while the lock is held."""
    for path in folder.rglob(".*.tmp"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _unfinished(settings: ClimbSettings) -> RunFolder | None:
    for path in sorted(Path(settings.runs).glob("*-[0-9][0-9][0-9][0-9]"), reverse=True):
        if (path / SETTINGS).is_file() and not (path / FINISHED).is_file() and _same(path / SETTINGS, settings):
            return RunFolder(path)
    return None


def _same(stored: Path, settings: ClimbSettings) -> bool:
    try:
        return same_work(read_climb(stored), settings)
    except TaskfitError:
        return False  # an older version's settings: not ours to continue


def _named(path: Path, settings: ClimbSettings) -> tuple[RunFolder, bool]:
    try:
        is_new = not path.exists()
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise UsageError(
            Text("a folder is expected, this is a file", "需要一个目录，而这是文件"), where=str(path)
        ) from None
    except (OSError, ValueError) as problem:
        raise cannot_write(path, problem) from problem
    stored = path / SETTINGS
    if stored.is_file() and not same_work(read_climb(stored), settings):
        raise UsageError(
            Text("this run was begun with other settings", "该运行是用其他设置开始的"),
            where=str(stored),
            todo=Text("choose another folder, or the same settings", "请换一个目录，或使用相同的设置"),
        )
    return RunFolder(path), is_new
