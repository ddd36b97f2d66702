"""Every ending is told in one line, in the reader's language, with the exit code of its kind."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.cli.command import Stage
from taskfit.cli.program import ending, run
from taskfit.core.errors import BusyError, DataError
from taskfit.core.events import Event
from taskfit.core.text import Text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["clim"], "error: there is no command 'clim'; did you mean 'climb'?"),
        (["--versoin"], "error: there is no flag '--versoin'; did you mean '--version'?"),
        (["climb"], "error: TARGET is missing; for example: taskfit climb task.yaml --max-test 500"),
        (["climb", "x", "--trails", "3"], "error: there is no flag '--trails'; did you mean '--trials'?"),
        (["climb", "x", "--limits.marign=3"], "error: there is no flag '--limits.marign'; did you mean '--limits.margin'?"),
        (["climb", "x", "--seed"], "error: the flag '--seed' is followed by no value, or takes none; see taskfit climb --help"),
        (["climb", "x", "--online=1"], "error: the flag '--online' is followed by no value, or takes none; see taskfit climb --help"),
        (["methods", "lora", "b"], "error: more words than expected: b; see taskfit methods --help"),
        (["climb", "none.yaml"], "error: none.yaml: there is no such file"),
        (["--lang", "zh", "clim"], "错误：没有 'clim' 这个命令；是不是想写 'climb'？"),
        (["climb", "x", "--trails", "3", "--lang=zh"], "错误：没有 '--trails' 这个选项；是不是想写 '--trials'？"),
        (["climb", "--lang", "zh"], "错误：缺少 TARGET；例如：taskfit climb task.yaml --max-test 500"),
    ],
)  # fmt: skip
def test_a_wrong_command_line_is_told_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert capsys.readouterr().err == told + "\n"


def test_the_version_is_that_of_the_package(shown: Callable[..., str]) -> None:
    from taskfit import __version__

    assert shown("--version") == f"taskfit {__version__}\n"


def raising(problem: BaseException) -> Callable[[], None]:
    def work() -> None:
        raise problem

    return work


@pytest.mark.parametrize(
    ("problem", "code", "told"),
    [
        (DataError(Text("no rows", "没有数据"), where="a.csv"), 3, "error: a.csv: no rows"),
        (BusyError(Text("taken", "被占用")), 6, "error: taken"),
        (MemoryError(), 5, "error: not enough memory; use a smaller model or batch"),
        (KeyboardInterrupt(), 130, "stopped; nothing was begun"),
    ],
)
def test_each_kind_of_ending_has_its_code(
    problem: BaseException, code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending(raising(problem), Stage()) == code
    assert capsys.readouterr().err == told + "\n"


def test_a_full_disk_is_told_with_the_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(raising(OSError(errno.ENOSPC, "No space left on device", "runs/a/x")), Stage()) == 5
    assert capsys.readouterr().err.startswith("error: runs/a/x: cannot write: [Errno 28] No space left on device")


def test_a_stopped_run_tells_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    stage = Stage()
    stage.see(Event("run.started", {"folder": "runs/a-0001"}))
    assert ending(raising(KeyboardInterrupt()), stage) == 130
    told = capsys.readouterr().err
    assert told == "stopped; the same command again, or --run runs/a-0001, continues where it stopped\n"


def test_a_bug_leaves_its_whole_trace_in_the_run_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(raising(KeyError("x\ny")), Stage(tmp_path)) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: a bug of taskfit: KeyError: 'x\\ny'; the whole trace is in ")
    assert told.count("\n") == 1
    assert "Traceback (most recent call last)" in (tmp_path / "crash.log").read_text(encoding="utf-8")


def test_a_bug_is_shown_whole_where_nothing_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(raising(KeyError("x")), Stage(tmp_path / "gone")) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


SLOW = """
import time
from taskfit.cli import program
from taskfit.cli.command import Command
from taskfit.core.text import same

def work(values, stage):
    print("begun", flush=True)
    time.sleep(60)

program.commands = lambda: (Command("wait", same("wait"), work),)
program.main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_signals_end_the_process_with_their_code(number: signal.Signals, code: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "wait", "--lang", "en"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        assert process.stderr.read() == "stopped; nothing was begun\n"


def test_a_closed_pipe_is_no_bug(tmp_path: Path) -> None:
    script = f"{sys.executable} -m taskfit methods --lang en | true"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


LEAN = """
import sys
from taskfit.cli.program import run
code = run(sys.argv[1:])
heavy = {"torch", "transformers", "peft", "pyarrow", "httpx", "tokenizers", "scipy", "sklearn"} & set(sys.modules)
print("HEAVY", sorted(heavy), code)
"""


@pytest.mark.parametrize("words", [["--help"], ["methods"], ["methods", "lora"], ["climb", "--help"], ["metrics"]])
def test_looking_around_imports_nothing_heavy(words: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", LEAN, *words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY [] 0"


def test_the_shell_is_told_which_words_may_follow() -> None:
    environment = {
        **os.environ,
        "_TASKFIT_COMPLETE": "complete_bash",
        "COMP_WORDS": "taskfit methods lo",
        "COMP_CWORD": "2",
    }
    script = "from taskfit.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert "lora" in done.stdout.split()
