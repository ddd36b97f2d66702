"""What a climb refuses: its exit code, the place, the reason in both languages, and nothing left behind."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from taskfit.cli.program import run
from taskfit.core.text import speak

CJK = re.compile(r"[\u4e00-\u9fff]")
Told = pytest.CaptureFixture[str]
ROWS = [{"text": f"text number {n}", "label": "ab"[n % 2]} for n in range(40)]
ALPACA = [{"instruction": "do it", "input": f"with {n}", "output": f"done {n % 7}"} for n in range(40)]
CELLS = [f"text number {n},{'ab'[n % 2]}" for n in range(40)]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFIT_LANG", "en")
    yield
    speak("en")


def jsonl(rows: list[dict[str, str]] = ROWS, **replaced: str) -> str:
    """Return rows as JSON lines; `line5="..."` puts something else into line 5."""
    lines = [json.dumps(row) for row in rows]
    for name, content in replaced.items():
        lines[int(name.removeprefix("line")) - 1] = content
    return "\n".join(lines) + "\n"


def csv(*lines: str, head: str = "text,label") -> str:
    return "\n".join([head, *(lines or CELLS)]) + "\n"


def refused(words: list[str], code: int, capsys: Told) -> str:
    """Run a command that is refused, in both languages; return what it tells in English."""
    told = {}
    for language in ("zh", "en"):
        assert run([*words, "--lang", language]) == code
        told[language] = capsys.readouterr().err
        assert "Traceback" not in told[language]
        assert not Path("crash.log").exists()
    assert told["en"].count("\n") == told["zh"].count("\n") <= 23
    errors = {
        language: text[text.index({"en": "error: ", "zh": "错误："}[language]) :] for language, text in told.items()
    }
    assert CJK.search(errors["zh"].partition("：")[2])
    assert not list(Path().glob("runs/*/settings.yaml")), "a refused climb leaves no run behind"
    assert not list(Path("runs").iterdir()) if Path("runs").exists() else True
    return errors["en"]


# name, content, what is told
BAD_ROWS = [
    ("a.jsonl", jsonl(line6="{'text' 1", line10='{"text": "x"'), ["a.jsonl:6: ", "a.jsonl:10: ", "[{'text' 1]"]),
    ("a.jsonl", jsonl()[:-14], ["a.jsonl:40: the file is cut off in this line"]),
    ("a.csv.gz", b"\x1f\x8b\x08" + b"\0" * 60, ["a.csv.gz: this is a gzip archive: unpack it first (gunzip)"]),
    ("a.json", "null", ["a.json: no rows: a list of objects is expected, this is null"]),
    ("a.json", "42", ["a.json: no rows", "42"]),
    ("a.json", "[]", ["a.json: no rows in this file"]),
    ("a.csv", "", ["a.csv: no rows in this file"]),
    ("a.csv", "text,label\n", ["a.csv: no rows, only the header line: text, label"]),
    ("a.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", ["git-lfs pointer", "git lfs pull"]),
    ("a.csv", "<!doctype html><html></html>", ["a.csv: this is an HTML page"]),
    ("a.csv", b"\x89PNG\r\n\x1a\n" + b"\0" * 60, ["a.csv: this is a PNG picture"]),
    ("a.csv", b"PK\x03\x04xl/[Content_Types].xml", ["a.csv: this is an Excel workbook"]),
    ("a.parquet", b"PAR1xxxx", ["a.parquet: ", "cut off"]),
    ("a.jsonl", "<<<<<<< HEAD\n" + jsonl(), ["a.jsonl:1: this is a conflict mark of git"]),
    ("a.jsonl", "// rows\n" + jsonl(), ["a.jsonl:1: this is a comment; JSON has none"]),
    ("a.jsonl", "".join(f"{row}\n" for row in ROWS), ["a.jsonl:1: this is a Python dict"]),
    ("a.json", "".join(json.dumps(row) for row in ROWS), ["a.json:1: this is several objects in one line"]),
    ("a.jsonl", jsonl(line12="null"), ["a.jsonl:12: a row is an object, this is null"]),
    ("a.jsonl", jsonl(line12="[]"), ["a.jsonl:12: a row is an object, this is a list"]),
    ("a.jsonl", jsonl(line5='{"text": NaN, "label": "a"}'), ["a.jsonl:5: NaN is not JSON"]),
    ("a.jsonl", jsonl(line5='{"text": "a", "text": "b"}'), ["a.jsonl:5: the key 'text' stands twice"]),
    ("a.jsonl", jsonl(line5='{"text": "a", "label": ' + "9" * 6000 + "}"), ["a.jsonl:5: the number 9999", "[{"]),
    ("a.jsonl", jsonl(line5='{"text": "a", "label": 1e999}'), ["a.jsonl:5: the number 1e999"]),
    ("a.json", "[" * 20000 + "]" * 20000, ["a.json:1: nested too deeply"]),
    ("a.jsonl", jsonl(line5="[" * 100000), ["a.jsonl:5: nested too deeply"]),
    ("a.jsonl", jsonl(ALPACA).replace('"done', '"" , "x": "done'), ["none of the 40 rows", "a.jsonl:1: 'output' is empty"]),
    ("a.jsonl", jsonl(line9='{"text": "坏", "label": "a"}').encode("gb18030"), ["a.jsonl:9: this line is not UTF-8", "--rows.encoding"]),
    ("a.csv", csv(*(cell.replace("text", "té") for cell in CELLS)).encode("latin-1"), ["a.csv:2: ", "latin-1"]),
    ("a.csv", csv(*(f"text {n},a" for n in range(40))), ["one_label: every row has the label 'a'", "--rows.accept one_label"]),
    ("a.csv", csv(*(f"text {n},{'ab'[n % 2] if n % 3 else ''}" for n in range(40))), ["unusable: 14 of 40 rows", "a.csv:2: 'label' is empty"]),
    ("a.csv", csv(*(f"same {n % 10},{'ab'[n // 20]}" for n in range(40))), ["conflicts: 10 texts stand with different labels", "a.csv:2"]),
    ("a.csv", csv(*(f"t,{cell}" for cell in CELLS), head="text,text,label"), ["a.csv:1: columns that occur twice: text"]),
    ("a.csv", "\n".join(CELLS), ["a.csv: it is not clear which columns", "--rows.columns.text"]),
    ("a.csv", csv(*CELLS, "a,b,c,d"), ["a.csv:42: 4 cells where the first line has 2"]),
    ("a.csv", csv(*CELLS[:20], '"open,a', *CELLS[20:]), ['a.csv:22: the quote (") that opens in this line is not closed']),
    ("a.csv", csv(*CELLS[:6]), ["6 rows are too few", "at least 12 are needed"]),
    ("a.csv", csv(*["the same text,a", "the same text,a"] * 20, "another,b"), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "told"), BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_rows_that_cannot_be_used(name: str, content: str | bytes, told: list[str], capsys: Told) -> None:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    words = refused(["climb", name, "--model", "nowhere"], 3, capsys)
    assert [one for one in told if one not in words] == [], words


def test_files_that_are_no_files(capsys: Told) -> None:
    Path("folder.csv").mkdir()
    os.mkfifo("pipe.csv")
    Path("rows.csv").write_text(csv())
    for name, told in (
        ("folder.csv", "this is a folder"),
        ("pipe.csv", "this is a pipe"),
        ("/dev/zero", "this is a device"),
        ("row.csv", "row.csv: there is no such file; did you mean 'rows.csv'?"),
        ("no/such/rows.csv", "there is no folder no/such either"),
        ("a" * 5000, "cannot read"),
    ):
        assert told in refused(["climb", name, "--model", "nowhere"], 3, capsys)


def test_test_rows_are_refused_when_training_could_not_know_their_labels(capsys: Told) -> None:
    Path("train.csv").write_text(csv())
    Path("test.csv").write_text(csv(*(f"other text {n},c" for n in range(9)), "last text,a"))
    words = ["climb", "train.csv", "--rows.test", "test.csv", "--model", "nowhere"]
    assert "labels_unseen: labels of test that train does not have: 'c' (test.csv:2" in refused(words, 3, capsys)


def test_the_same_file_for_training_and_test_leaves_nothing_to_learn_from(capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    words = ["climb", "rows.csv", "--rows.test", "rows.csv", "--model", "nowhere"]
    assert "too few" in refused(words, 3, capsys)


def test_labels_of_the_task_that_no_row_has(capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    words = ["climb", "rows.csv", "--task.labels", "good,poor", "--model", "nowhere"]
    assert "no row has one of the task's labels: good, poor; mend `task.labels`" in refused(words, 3, capsys)


# the lines of a task file, and what is told
BAD_TASKS = [
    ("rows: rows.csv\nmodle: tiny\n", "task.yaml:2: unknown key 'modle'; did you mean 'model'?"),
    ("rows: rows.csv\nlimits: {volum: 3}\n", "task.yaml:2: unknown key 'limits.volum'; did you mean 'volume'?"),
    ("rows: rows.csv\nseed: 1\nseed: 2\n", "task.yaml:3: "),
    ("rows: rows.csv\nrungs: [lora: {lr: -1e-4}]\n", "task.yaml:2: 'rungs.0.lora.lr' = -0.0001: must be greater than 0"),
    ("rows: rows.csv\nrungs: [lora: {lr: .nan}]\n", "task.yaml:2: 'rungs.0.lora.lr' = nan: must be a finite number"),
    ("rows: rows.csv\nrungs: [lora: {lr: .inf}]\n", "task.yaml:2: 'rungs.0.lora.lr' = inf"),
    ("rows: rows.csv\nrungs: [lora: {lr: fast}]\n", "task.yaml:2: 'rungs.0.lora.lr' = 'fast'"),
    ("rows: rows.csv\nrungs: [lora: {r: 0}]\n", "task.yaml:2: 'rungs.0.lora.r' = 0: must be greater than or equal to 1"),
    ("rows: rows.csv\nrungs: [lora: {batch: 1.5}]\n", "task.yaml:2: 'rungs.0.lora.batch' = 1.5"),
    ("rows: rows.csv\nrungs: [lora: {batch: [1]}]\n", "task.yaml:2: 'rungs.0.lora.batch' = [1]"),
    ("rows: rows.csv\nseeds: 100000000000\n", "task.yaml:2: 'seeds' = 100000000000: must be less than or equal to 100"),
    ("rows: rows.csv\ntrials: null\n", "task.yaml:2: 'trials' = None"),
    ("rows: rows.csv\n\tseed: 1\n", "task.yaml:2: "),
    ("rows: rows.csv\nseed：1\n", "task.yaml:2: a full-width colon"),
    ("rows: rows.csv\nname: “mine”\n", "task.yaml:2: curly quotes"),
    ("rows: rows.csv\n---\nrows: b.csv\n", "task.yaml:2: "),
    ("- rows.csv\n", "task.yaml"),
    ("", "task.yaml"),
    ("rows: rows.csv\nname: !!python/object/apply:os.system ['touch owned']\n", "task.yaml:2: "),
    ("rows: rows.csv\nseed: 12:30:00\n", "task.yaml:2: 'seed' = '12:30:00'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), BAD_TASKS, ids=range(len(BAD_TASKS)))
def test_task_files_that_make_no_sense(text: str, told: str, capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    Path("task.yaml").write_text(text, encoding="utf-8")
    assert told in refused(["climb", "task.yaml"], 2, capsys)
    assert not Path("owned").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--seeds", "0"], "--seeds: 'seeds' = '0': must be greater than or equal to 1"),
        (["--rungs", "lorra"], "there is no method 'lorra'; did you mean 'lora'?"),
        (["--trails", "3"], "there is no flag '--trails'; did you mean '--trials'?"),
        (["--remote.model", "x"], "'remote' is set but the model is no address"),
        (["--model", "http://127.0.0.1:1/v1"], "'remote.model' is missing"),
        (["--rows.format", "xlsx"], "there is no format 'xlsx'"),
        (["--task.metrics", "f1"], "there is no metric 'f1'"),
    ],
)
def test_flags_that_make_no_sense(words: list[str], told: str, capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    assert told in refused(["climb", "rows.csv", *words], 2, capsys)


@pytest.mark.parametrize(
    ("value", "code"), [("a\0b", 5), ("x" * 5000, 5), ("/proc/nowhere/run", 5), ("rows.csv", 2), ("rows.csv/run", 5)]
)
def test_places_where_no_run_can_be_kept(value: str, code: int, capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    Path("task.yaml").write_text(f"rows: rows.csv\nmodel: nowhere\nrun: {json.dumps(value)}\n")
    refused(["climb", "task.yaml"], code, capsys)


def test_a_file_where_runs_should_be_kept(capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    Path("taken").write_text("")
    assert "cannot write" in refused(["climb", "rows.csv", "--runs", "taken", "--model", "nowhere"], 5, capsys)


def test_odd_words_are_plain_names(capsys: Told) -> None:
    Path("rows.csv").write_text(csv())
    words = ["climb", "rows.csv", "--model", "nowhere", "--name", "../../$(touch owned); --help\n"]
    assert "there is no model folder 'nowhere'" in refused(words, 4, capsys)
    assert sorted(path.name for path in Path().iterdir()) == ["rows.csv", "runs"]
