"""`taskfit train` as users type it: flags alone, recipes, bad input in both languages with the right exit code."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskfit.cli.program import run
from taskfit.data.world.example import example_rows

TALK = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]}
BAD_TALK = {"messages": [{"role": "assistant", "content": "hello"}]}
ALPACA = {"instruction": "add", "input": "1 and 2", "output": "3"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command line and return its exit code and what it says on stderr."""

    def run_and_read(*words: str) -> tuple[int, str]:
        code = run(words)
        return code, capsys.readouterr().err

    return run_and_read


def rows(count: int = 40, name: str = "rows.jsonl") -> None:
    lines = [json.dumps({"text": row.text, "label": row.label}) for row in example_rows("en")[:count]]
    Path(name).write_text("\n".join(lines))


def test_flags_alone_train_and_the_summary_tells_what_comes_next(capsys: pytest.CaptureFixture[str]) -> None:
    rows()
    words = "train --method lora --model tiny --rows rows.jsonl --run runs/x --set lr=1e-3 --set epochs=1 --threads 1"
    code = run(words.split())
    shown = capsys.readouterr()
    assert code == 0, shown.err
    lines = {line.partition("  ")[0]: line for line in shown.out.splitlines()}
    assert "runs/x/adapter" in lines["written"]
    assert shown.out.splitlines()[-1] == "next: taskfit climb rows.jsonl --model tiny --rungs zero_shot,lora"
    assert "splits: 32 train, 8 dev, 0 test (sealed)" in shown.err
    assert run([*words.split(), "--lang", "zh"]) == 0
    assert "下一步：taskfit climb" in capsys.readouterr().out
    assert run([*words.split(), "--seed", "1"]) == 2
    assert "seed: was None, is 1 now" in capsys.readouterr().err


def test_a_recipe_takes_words_and_flags(capsys: pytest.CaptureFixture[str]) -> None:
    rows()
    Path("r.yaml").write_text("method: lora\nrows: rows.jsonl\nrun: runs/y\nthreads: 1\nsettings: {lr: 1e-3}\n")
    assert run(["train", "r.yaml", "epochs=1", "--set", "batch=20"]) == 0
    settings = Path("runs/y/settings.yaml").read_text()
    assert "epochs: 1" in settings
    assert "batch: 20" in settings


@pytest.mark.parametrize(
    ("words", "code", "en", "zh"),
    [
        ("", 2, "what shall be trained is missing", "缺少要训练的内容"),
        ("--method lora", 2, "'rows' is missing", "缺少 'rows'"),
        ("--method lorra --rows a.jsonl", 2, "did you mean 'lora'?", "是不是想写 'lora'？"),
        ("--method lora --rows a.jsonl --set lr=nan", 2, "--set lr=nan", "--set lr=nan"),
        ("--method lora --rows a.jsonl --set lr=-1", 2, "must be greater than 0", "必须大于 0"),
        ("--method lora --rows a.jsonl --set lrr=1", 2, "unknown key 'settings.lrr'", "未知的键 'settings.lrr'"),
        ("--method lora --rows a.jsonl --sweep lr=1", 2, "'1' is no range", "'1' 不是范围"),
        ("--method lora --rows missing.jsonl", 3, "there is no such file", "没有这个文件"),
        ("--method lora --rows empty.jsonl", 3, "no rows in this file", "文件中没有任何数据行"),
        (
            "--method lora --rows bad.jsonl",
            3,
            "bad.jsonl:1: message 1: an answer before any question",
            "回答出现在任何提问之前",
        ),
        ("--method lora --rows torn.jsonl", 3, "torn.jsonl:2: the file is cut off", "文件在这一行被截断"),
        ("--method lora --rows .", 3, "this is a folder", "而这是文件夹"),
        ("--method lora --rows a.jsonl --model nowhere", 4, "nowhere", "nowhere"),
        ("--method lora --rows a.jsonl --run a.jsonl", 2, "a folder is expected", "需要一个目录"),
        ("--method lora --rows a.jsonl --run /proc/x/y", 5, "cannot write", "无法写入"),
        (
            "--method lora --rows a.jsonl --template qwem",
            2,
            "did you mean 'qwen'?",
            "是不是想写 'qwen'？",
        ),
        ("missing.yaml", 2, "there is no such file", "没有这个文件"),
        ("odd.yaml", 2, "odd.yaml:3: unknown key 'seeed'; did you mean 'seed'?", "未知的键 'seeed'"),
    ],
)
def test_bad_input_ends_with_its_exit_code_in_both_languages(
    words: str, code: int, en: str, zh: str, told: Callable[..., tuple[int, str]]
) -> None:
    Path("a.jsonl").write_text("\n".join([json.dumps(TALK)] * 3))
    Path("bad.jsonl").write_text(json.dumps(BAD_TALK))
    Path("empty.jsonl").write_text("")
    Path("torn.jsonl").write_text(json.dumps(ALPACA) + "\n" + json.dumps(ALPACA)[:20])
    Path("odd.yaml").write_text("method: lora\nrows: a.jsonl\nseeed: 1\n")
    for language, sentence in (("en", en), ("zh", zh)):
        found, error = told("train", *words.split(), "--lang", language)
        assert (found, sentence in error) == (code, True), error
        assert "Traceback" not in error


def test_flags_that_a_llamafactory_file_does_not_take_are_told(told: Callable[..., tuple[int, str]]) -> None:
    Path("lf.yaml").write_text("stage: sft\nmodel_name_or_path: tiny\ndataset: a\noutput_dir: x\n")
    code, error = told("train", "lf.yaml", "--seed", "3")
    assert (code, "--seed: not for a LLaMA-Factory file" in error) == (2, True)
