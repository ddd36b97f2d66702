"""A climb from the typed command to the report: what lies in the run folder, and what a second command does."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from climbing import results, save_every_step, start, timeless, wait_until, write_task
from methods.small_task import texts
from taskfit.cli.program import run
from taskfit.core.files import read_json, read_lines
from taskfit.core.text import speak
from tiny_models import TinyModels
from tiny_models import tiny as tiny

RUNGS = """
rungs:
- zero_shot
- few_shot: {shots: 4}
- knn_shot: {shots: 2}
- head
- last_layers: {epochs: 2, lr: 0.003}
- lora: {epochs: 2, r: 2, lr: 0.01}
- full: {epochs: 2, lr: 0.001, answer_by: head}
"""
CJK = re.compile(r"[\u4e00-\u9fff]")
Told = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _speak_english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TASKFIT_LANG", "en")
    monkeypatch.setenv("COLUMNS", "200")
    yield
    speak("en")


@pytest.fixture(scope="module")
def climbed(tiny: TinyModels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which `python -m taskfit climb task.yaml` has run once, as users run it."""
    folder = tmp_path_factory.mktemp("reviews")
    write_task(folder, tiny.folder("llama", chat=True), RUNGS)
    with (folder / "rows.csv").open("a", encoding="utf-8") as file:
        file.write('"no label here",\n')  # a row that cannot be used
    words = [sys.executable, "-m", "taskfit", "climb", "task.yaml", "--name", "reviews"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "TASKFIT_LANG": "en"}
    )
    assert done.returncode == 0, done.stderr
    (folder / "stdout.txt").write_text(done.stdout)
    (folder / "stderr.txt").write_text(done.stderr)
    return folder


@pytest.fixture
def again(climbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to go on in."""
    folder = tmp_path / "copy"
    shutil.copytree(climbed, folder)
    monkeypatch.chdir(folder)
    return folder


def run_in(folder: Path, number: int = 1) -> Path:
    return folder / "runs" / f"reviews-{number:04d}"


def test_the_run_folder_holds_what_is_promised_and_nothing_half_written(climbed: Path) -> None:
    folder = run_in(climbed)
    top = {path.name for path in folder.iterdir()}
    assert top == {
        ".lock", "settings.yaml", "task.yaml", "splits.json", "machine.json", "events.jsonl", "rows-not-used.jsonl",
        "run.json", "report.json", "report.md", "report.zh.md", "report.html", "rungs", "cache",
    }  # fmt: skip
    names = [path.name for path in sorted((folder / "rungs").iterdir())]
    methods = ["zero_shot", "few_shot", "knn_shot", "head", "last_layers", "lora", "full"]
    assert names == [f"{place:02d}-{name}" for place, name in enumerate(methods)]
    for rung in (folder / "rungs").iterdir():
        assert {path.name for path in rung.iterdir()} - {"seed-0", "seed-1"} == {
            "settings.json",
            "predictions.jsonl",
            "measurement.json",
        }
        assert any((rung / "seed-0" / "weights").iterdir())
    assert [path for path in folder.rglob("*") if path.name.endswith(".tmp")] == []
    assert {path.suffix for path in folder.rglob("weights/**/*") if path.is_file()} <= {".safetensors", ".json", ".md"}


def test_every_row_is_used_or_listed_and_no_row_is_on_two_sides(climbed: Path) -> None:
    folder = run_in(climbed)
    splits = read_json(folder / "splits.json")
    sides = [set(splits[side]) for side in ("train", "dev", "test")]
    facts = read_json(folder / "run.json")["run"]
    listed = list(read_lines(folder / "rows-not-used.jsonl"))
    assert len(listed) == 1
    assert (listed[0]["line"], facts["rows"]["read"], facts["rows"]["used"]) == (47, 46, 45)
    assert sum(len(side) for side in sides) == len(set.union(*sides)) == 45
    assert "rows: 46 read, 45 used, 1 set aside and listed" in (climbed / "stderr.txt").read_text()


def test_every_rung_answered_the_same_test_rows_under_every_seed(climbed: Path) -> None:
    folder = run_in(climbed)
    test = read_json(folder / "splits.json")["test"]
    for rung in (folder / "rungs").iterdir():
        rows = list(read_lines(rung / "predictions.jsonl"))
        measured = read_json(rung / "measurement.json")
        assert measured["seeds"] == (
            [0, 1] if measured["method"] in ("few_shot", "last_layers", "lora", "full") else [0]
        )
        for seed in measured["seeds"]:
            assert [row["id"] for row in rows if row["seed"] == seed] == test
        assert measured["rows"] == len(test)
        assert measured["cost"]["adapt_flops"] > 0
        assert measured["cost"]["latency_p95_ms"] >= measured["cost"]["latency_p50_ms"] > 0
        assert measured["cost"]["money_per_1000"] is None


def test_events_tell_the_climb_in_order(climbed: Path) -> None:
    kinds = [event["kind"] for event in read_lines(run_in(climbed) / "events.jsonl")]
    assert kinds[0] == "run.started"
    assert kinds[-2:] == ["verdict", "run.finished"]
    assert [kind for kind in kinds if kind.startswith("rung.")] == ["rung.started", "rung.finished"] * 7
    assert kinds.index("rows.read") < kinds.index("splits.made") < kinds.index("rung.started")
    assert not {"progress", "train.step"} & set(kinds)


def test_the_command_shows_the_report_and_where_it_is(climbed: Path) -> None:
    told = (climbed / "stdout.txt").read_text()
    assert told.splitlines()[-1] == "The report: runs/reviews-0001/report.html"
    assert all(name in told for name in ("zero_shot", "knn_shot", "full"))


def test_the_report_is_rebuilt_from_the_folder_alone(again: Path, capsys: Told, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere"
    shutil.move(run_in(again), moved)
    before = {name: (moved / name).read_bytes() for name in ("report.json", "report.md", "report.zh.md")}
    for name in before:
        (moved / name).unlink()
    assert run(["report", str(moved)]) == 0
    assert {name: (moved / name).read_bytes() for name in before} == before
    assert capsys.readouterr().out.splitlines()[-1] == f"The report: {moved}/report.html"


def test_the_same_command_again_makes_a_new_run_with_the_same_results(again: Path, capsys: Told) -> None:
    write_task(again, read_json(run_in(again) / "run.json")["run"]["settings"]["model"], "rungs: [zero_shot, head]\n")
    for number in (1, 2):
        assert run(["climb", "task.yaml", "--name", "twice"]) == 0
        told = capsys.readouterr()
        assert f"run folder: runs/twice-{number:04d}" in told.err
        assert "looked at" not in told.err
    assert results(again / "runs" / "twice-0001") == results(again / "runs" / "twice-0002")
    facts = read_json(again / "runs" / "twice-0002" / "run.json")["run"]
    assert facts["test_looks"] == {"zero_shot": 1, "head": 1}


def test_looks_with_other_settings_are_counted_and_told(again: Path, capsys: Told) -> None:
    write_task(again, read_json(run_in(again) / "run.json")["run"]["settings"]["model"], "rungs: [head]\n")
    shutil.rmtree(again / "runs")
    assert run(["climb", "task.yaml", "--name", "looks", "--trials", "3"]) == 0
    assert "looked at" not in capsys.readouterr().err
    assert run(["climb", "task.yaml", "--name", "looks", "--trials", "1"]) == 0
    assert (
        "warning: The test split has been looked at 2 times with different settings of head" in capsys.readouterr().err
    )
    assert read_json(again / "runs" / "looks-0002" / "run.json")["run"]["test_looks"] == {"head": 2}
    assert "2 times" in (again / "runs" / "looks-0002" / "report.md").read_text()


def test_a_finished_run_by_name_does_nothing_again(again: Path, capsys: Told) -> None:
    before = results(run_in(again))
    old = read_json(run_in(again) / "report.json")
    assert run(["climb", "task.yaml", "--run", "runs/reviews-0001"]) == 0
    told = capsys.readouterr().err
    assert told.count("finished before, kept") == 7
    assert "started" not in told
    assert results(run_in(again)) == before
    new = read_json(run_in(again) / "report.json")
    assert timeless(new["measurements"]) == timeless(old["measurements"])
    assert timeless(new["comparisons"]) == timeless(old["comparisons"])


def test_the_command_in_the_report_repeats_the_run(again: Path, capsys: Told) -> None:
    command = read_json(run_in(again) / "report.json")["run"]["command"]
    assert command == "taskfit climb runs/reviews-0001/settings.yaml"
    assert run(["climb", "runs/reviews-0001/settings.yaml", "--run", "runs/reviews-0001"]) == 0
    assert capsys.readouterr().err.count("finished before, kept") == 7
    assert run(["climb", "runs/reviews-0001/task.yaml", "--run", "runs/other", "--rungs", "head"]) == 0
    head = "rungs/{}-head/predictions.jsonl"
    assert results(again / "runs" / "other")[head.format("00")] == results(run_in(again))[head.format("03")]


def test_a_run_may_be_continued_from_another_folder(again: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    before = results(run_in(again))
    shutil.rmtree(run_in(again) / "rungs" / "03-head")
    monkeypatch.chdir(run_in(again))
    assert run(["climb", "settings.yaml", "--run", ".", "--runs", ".."]) == 0
    assert "head: done" in capsys.readouterr().err
    assert results(run_in(again)) == before


@pytest.mark.parametrize("lost", ["cache", "run.json", "report.html", "machine.json", "events.jsonl"])
def test_what_can_be_made_again_may_be_lost(lost: str, again: Path, capsys: Told) -> None:
    before = results(run_in(again))
    path = run_in(again) / lost
    if path.is_dir():
        for one in path.iterdir():
            one.write_bytes(one.read_bytes()[:1000])  # torn
    else:
        path.unlink()
    shutil.rmtree(run_in(again) / "rungs" / "03-head")
    assert run(["climb", "task.yaml", "--name", "reviews", "--run", "runs/reviews-0001"]) == 0, capsys.readouterr().err
    assert results(run_in(again)) == before
    assert path.exists()


def test_other_settings_are_refused_for_a_run_that_was_begun(again: Path, capsys: Told) -> None:
    assert run(["climb", "task.yaml", "--run", "runs/reviews-0001", "--seed", "1"]) == 2
    told = capsys.readouterr().err
    assert told == (
        "error: runs/reviews-0001/settings.yaml: this run was begun with other settings; "
        "choose another folder, or the same settings\n"
    )
    assert run(["--lang", "zh", "climb", "task.yaml", "--run", "runs/reviews-0001", "--seed", "1"]) == 2
    assert CJK.search(capsys.readouterr().err)


def test_other_rows_are_refused_for_a_run_that_was_begun(again: Path, capsys: Told) -> None:
    with (again / "rows.csv").open("a", encoding="utf-8") as file:
        file.write('"the soup and the map, and more",food\n')
    before = results(run_in(again))
    assert run(["climb", "task.yaml", "--run", "runs/reviews-0001"]) == 3
    told = capsys.readouterr().err
    assert "error: runs/reviews-0001/splits.json: the rows have changed since this run was begun" in told
    assert results(run_in(again)) == before


def test_two_processes_never_work_in_one_run_folder(again: Path, capsys: Told) -> None:
    first = start(["climb", "task.yaml", "--run", "runs/both"], again)
    wait_until(lambda: (again / "runs" / "both" / "settings.yaml").is_file(), first)
    try:
        assert run(["climb", "task.yaml", "--run", "runs/both"]) == 6
    finally:
        first.kill()
        first.join()
    told = capsys.readouterr().err
    assert told == (
        f"error: runs/both: process {first.pid} is working in this run folder; "
        "wait for it, or choose another folder with --run\n"
    )


def test_an_unfinished_run_has_no_report_yet(again: Path, capsys: Told) -> None:
    (run_in(again) / "run.json").unlink()
    assert run(["report", "runs/reviews-0001"]) == 3
    told = capsys.readouterr().err
    assert told == (
        "error: runs/reviews-0001: this run is not finished, so it has no report yet; "
        "continue it: taskfit climb runs/reviews-0001/settings.yaml\n"
    )
    assert run(["report", "."]) == 3
    assert "this is not the folder of a run" in capsys.readouterr().err


def test_a_climb_in_chinese_tells_everything_in_chinese(
    tiny: TinyModels, tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFIT_LANG", "")
    kept = [(text, label) for text, label in texts(90) if CJK.search(text)]
    names = {"food": "吃的", "travel": "旅行", "money": "钱"}
    lines = [f'"{text}",{names[label]}' for text, label in kept]
    Path("评论.csv").write_text("文本,标签\n" + "\n".join(lines) + "\n", encoding="gb18030")
    model = str(tiny.folder("bert"))
    capsys.readouterr()
    words = ["climb", "评论.csv", "--model", model, "--threads", "1", "--seeds", "1", "--trials", "1", "--lang", "zh"]
    assert run([*words, "--rungs", "zero_shot,few_shot,knn_shot,head"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "报告：runs/评论-0001/report.html"
    for line in told.err.splitlines() + told.out.splitlines():
        assert CJK.search(line) or not re.search(r"[a-z]{3} [a-z]{3}", line), line
    assert "数据行：读入 45，使用 45" in told.err
    facts = json.loads(Path("runs/评论-0001/run.json").read_text(encoding="utf-8"))
    assert facts["run"]["rows"]["files"][0]["encoding"] == "gb18030"
    assert CJK.search(facts["task"]["instruction"])


def test_a_rung_that_cannot_be_done_is_a_row_with_the_reason(
    tiny: TinyModels, tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_task(tmp_path, tiny.folder("bert"), "rungs:\n- head\n- lora: {answer_by: words}\n- zero_shot\n")
    assert run(["climb", "task.yaml", "--name", "a"]) == 0
    told = capsys.readouterr()
    assert "lora: not possible: an encoder cannot say words; use answer_by: head" in told.err
    assert "zero_shot: done" in told.err
    report = read_json(tmp_path / "runs" / "a-0001" / "report.json")
    [failed] = report["failed"]
    assert (failed["rung"], failed["kind"]) == ("lora", "impossible")
    assert CJK.search(failed["zh"])
    assert [one["rung"] for one in report["measurements"]] == ["head", "zero_shot"]
    for name in ("report.md", "report.html"):
        assert "an encoder cannot say words" in (tmp_path / "runs" / "a-0001" / name).read_text()


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_prompt_too_long_for_the_model_fails_every_rung_and_the_command(
    family: str, tiny: TinyModels, tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    instruction = "the cat sat on a mat and the dog ran to see why it was good or bad. " * 12
    more = f"task: {{instruction: '{instruction}'}}\nrungs: [zero_shot, few_shot, knn_shot, head, last_layers, lora, full]\n"
    write_task(tmp_path, tiny.folder(family), more)
    assert run(["climb", "task.yaml", "--name", "a"]) == 4
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert told.count("failed: the longest prompt has") == 7
    assert "error: runs/a-0001: no rung could be measured" in told
    failed = read_json(tmp_path / "runs" / "a-0001" / "report.json")["failed"]
    assert [one["kind"] for one in failed] == ["failed"] * 7


def test_training_that_diverges_fails_its_rung_alone(
    tiny: TinyModels, tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = tiny.copy("gpt2", tmp_path / "model")
    spoil(model)
    write_task(tmp_path, model, "rungs:\n- zero_shot\n- full: {lr: 10, epochs: 20}\n- head\n")
    code = run(["climb", "task.yaml", "--name", "a"])
    told = capsys.readouterr().err
    assert code == 0, told
    assert "full: failed: training became loss" in told
    assert "head: done" in told


def spoil(model: Path) -> None:
    """Make the final norm so large that a few steps of a huge learning rate end in infinity."""
    from safetensors.torch import load_file, save_file

    path = model / "model.safetensors"
    weights = {
        name: weight * (1e18 if name.endswith("ln_f.weight") else 1.0) for name, weight in load_file(path).items()
    }
    save_file(weights, path, metadata={"format": "pt"})


def test_a_model_that_cannot_be_opened_leaves_no_run_behind(
    tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_task(tmp_path, "no/such/model")
    assert run(["climb", "task.yaml", "--name", "a"]) == 4
    assert "error: there is no model folder 'no/such/model'" in capsys.readouterr().err
    assert list((tmp_path / "runs").iterdir()) == []
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("keep me")
    assert run(["climb", "task.yaml", "--run", "mine"]) == 4
    assert (mine / "notes.txt").read_text() == "keep me"


def test_what_training_warns_of_stands_in_the_report(
    tiny: TinyModels, tmp_path: Path, capsys: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    more = "rungs: [lora: {epochs: 2, lr: 0.01}]\nseeds: 1\n"
    write_task(tmp_path, tiny.folder("bert"), more)
    process = start(["climb", "task.yaml", "--name", "a"], tmp_path, before=save_every_step)
    checkpoints = "runs/a-0001/rungs/00-lora/seed-0/trials/*/checkpoints/step-*"
    wait_until(lambda: len(list(tmp_path.glob(f"{checkpoints}/manifest.json"))) >= 2, process)
    process.kill()
    process.join()
    newest = max(tmp_path.glob(checkpoints))
    (newest / "facts.json").write_text("torn")
    assert run(["climb", "task.yaml", "--name", "a"]) == 0
    assert f"torn checkpoints were passed over: {newest.name}" in capsys.readouterr().err
    warnings = read_json(tmp_path / "runs" / "a-0001" / "report.json")["warnings"]
    assert any(newest.name in one["en"] for one in warnings)
