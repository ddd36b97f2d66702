"""From a task file and flags to settings: defaults < file < flags, every problem at once, and back."""

from pathlib import Path
from typing import Any

import pytest

from taskfit.app.settings import METHODS, RungSettings, default_rungs, method_class, rungs_of
from taskfit.app.task_file import read_climb, same_work, write_climb
from taskfit.core.errors import UsageError
from taskfit.core.text import speak


@pytest.fixture(autouse=True)
def _english() -> None:
    speak("en")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "reviews"
    folder.mkdir()
    return folder / "task.yaml"


def problems(file: Path, text: str, flags: dict[str, Any] | None = None) -> list[str]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_climb(file, flags)
    return [line.replace(str(file.parent) + "/", "") for line in str(raised.value).splitlines()]


def test_the_shortest_file_leaves_everything_to_the_defaults(file: Path) -> None:
    file.write_text("rows: rows.csv\n")
    settings = read_climb(file)
    assert settings.rows.train == str(file.parent / "rows.csv")
    assert (settings.name, settings.model, settings.seed, settings.online) == ("reviews", "tiny", 0, False)
    assert settings.rungs == default_rungs()


def test_a_file_of_rows_is_enough(tmp_path: Path) -> None:
    settings = read_climb(tmp_path / "my rows.csv", {"model": "m", "rows.test": "t.csv"})
    assert (settings.rows.train, settings.rows.test) == (str(tmp_path / "my rows.csv"), "t.csv")
    assert (settings.name, settings.model) == ("my rows", "m")


def test_a_full_file_is_read(file: Path) -> None:
    file.write_text(
        "task:\n  kind: classify\n  instruction: 判断：正面还是负面\n  labels: {0: negative, 1: positive}\n"
        "  metrics: [macro_f1]\n"
        "rows: {train: a.csv, test: /data/b.csv, columns: {text: review, label: y}, encoding: gb18030}\n"
        "rungs:\n- zero_shot\n- lora: {r: 4, lr: 1e-4}\n- lora:\n    r: 16\n"
        "limits: {margin: 3}\nseeds: 5\nonline: yes\n",
        encoding="utf-8",
    )
    settings = read_climb(file)
    assert settings.task.labels == {"0": "negative", "1": "positive"}
    assert settings.task.metrics == ("macro_f1",)
    assert settings.rows.test == "/data/b.csv"
    assert (settings.limits.margin, settings.seeds, settings.online) == (3, 5, True)
    rungs = rungs_of(settings)
    assert [rung.name for rung in rungs] == ["zero_shot", "lora", "lora-2"]
    assert rungs[1].method.model_dump()["lr"] == 1e-4
    assert rungs[2].method.model_dump()["r"] == 16


def test_flags_win_over_the_file_and_the_file_over_the_defaults(file: Path) -> None:
    file.write_text("rows: a.csv\nseed: 5\nseeds: 7\nlimits: {margin: 3, volume: 10}\nrungs: [lora: {r: 2}]\n")
    settings = read_climb(file, {"seeds": "9", "limits.margin": "4", "rungs": ["zero_shot"], "rows.test": "t.csv"})
    assert (settings.seed, settings.seeds, settings.trials) == (5, 9, 6)
    assert (settings.limits.margin, settings.limits.volume) == (4, 10)
    assert settings.rungs == (RungSettings(method="zero_shot"),)
    assert settings.rows.train == str(file.parent / "a.csv")
    assert settings.rows.test == "t.csv"


def test_everything_wrong_is_told_at_once_with_its_line_or_flag(file: Path) -> None:
    text = """
        task: {kind: classfy, labels: [a, a]}
        rows: {train: a.csv, columns: {txt: x}}
        seed: -1
        trails: 7
        rungs:
        - zero_shott
        - lora:
            r: 0
            leaning_rate: 1e-4
        - lora:
          r: 8
        - 7
        limits: {margin: .nan}
    """.replace("        ", "").lstrip()
    assert problems(file, text, {"max_test": "0", "precision": "fp16"}) == [
        "task.yaml:1: 'task.kind' = 'classfy': must be 'classify', 'multilabel', 'regress', 'extract', 'tag', 'choose', 'answer' or 'generate'",
        "task.yaml:1: 'task.labels': a label stands there twice",
        "task.yaml:2: unknown key 'rows.columns.txt'; did you mean 'text'?",
        "task.yaml:6: 'rungs.0.method': there is no method 'zero_shott'; did you mean 'zero_shot'?",
        "task.yaml:10: 'rungs.2': expected the name of a method, not lora, r; "
        "settings stand below the name, indented further",
        "task.yaml:12: 'rungs.3': expected the name of a method, not 7; settings stand below the name, indented further",
        "task.yaml:3: 'seed' = -1: must be greater than or equal to 0",
        "--max-test: 'max_test' = '0': must be greater than or equal to 1",
        "--precision: 'precision' = 'fp16': must be 'float32', 'bfloat16' or 'auto'",
        "task.yaml:13: 'limits.margin' = nan: must be a finite number",
        "task.yaml:4: unknown key 'trails'; did you mean 'trials'?",
        "task.yaml:8: 'rungs.1.lora.r' = 0: must be greater than or equal to 1",
        "task.yaml:9: unknown key 'rungs.1.lora.leaning_rate'; "
        f"known keys: {', '.join(method_class('lora').model_fields)}",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model: tiny\n", "task.yaml: 'rows' is missing"),
        ("rows: [a.csv]\n", "task.yaml:1: 'rows' = "),
        ("rows: a.csv\ntask: {labels: [true, false]}\n", "task.yaml:2: 'task.labels': the label True is no text; put it in quotes"),
        ("rows: a.csv\ntask: {labels: [1.5]}\n", "the label 1.5 is no text"),
        ("rows: a.csv\ntask: {labels: 7}\n", "expected a list of names or 'name: word' pairs"),
        ("rows: a.csv\ntask: {metrics: [acuracy]}\n", "there is no metric 'acuracy'; did you mean 'accuracy'?"),
        ("rows: {train: a, format: csvv}\n", "there is no format 'csvv'; did you mean 'csv'?"),
        ("rows: {train: a, test_share: 0.5, dev_share: 0.5}\n", "test_share and dev_share leave no rows for training"),
        ("rows: a\nrungs: {lora: {r: 1}}\n", "task.yaml:2: 'rungs' = "),
        ("rows: a\nremote: {model: x}\n", "'remote' is set but the model is no address; write model: http://..."),
        ("rows: a\nmodel: http://127.0.0.1:1/v1\n", "'remote.model' is missing"),
        ("rows: a\nmodel: ''\n", "task.yaml:2: 'model' = ''"),
    ],
)  # fmt: skip
def test_names_what_is_wrong(file: Path, text: str, told: str) -> None:
    found = problems(file, text)
    assert len(found) == 1
    assert told in found[0]


def test_whole_numbers_and_unquoted_words_are_labels(file: Path) -> None:
    file.write_text("rows: a.csv\ntask: {labels: [0, yes, NA, '1.0']}\n")
    assert read_climb(file).task.labels == {"0": "0", "yes": "yes", "NA": "NA", "1.0": "1.0"}


def test_an_endpoint_is_named_by_its_address(file: Path) -> None:
    file.write_text("rows: a.csv\nmodel: http://127.0.0.1:8000/v1\nremote: {model: qwen, price_in: 0.5}\n")
    settings = read_climb(file)
    assert settings.remote is not None
    assert (settings.is_remote, settings.remote.url, settings.remote.price_in) == (True, settings.model, 0.5)


def test_a_model_folder_beside_the_task_is_found(file: Path) -> None:
    (file.parent / "mine").mkdir()
    (file.parent / "tiny").mkdir()
    file.write_text("rows: a.csv\nmodel: mine\n")
    assert read_climb(file).model == str(file.parent / "mine")
    file.write_text("rows: a.csv\nmodel: tiny\n")
    assert read_climb(file).model == "tiny"


@pytest.mark.parametrize("model", ["tiny", "mine", "org/name", "http://127.0.0.1:8000/v1"])
def test_saved_settings_do_the_same_work_from_another_folder(
    file: Path, tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (file.parent / "mine").mkdir()
    remote = "remote: {model: x}\n" if "http" in model else ""
    file.write_text(f"rows: {{train: a.csv, test: /t.csv}}\nmodel: {model}\nseed: 3\nrungs: [lora: {{r: 2}}]\n{remote}")
    settings = read_climb(Path("reviews/task.yaml"))
    saved = tmp_path / "runs" / "reviews-0001" / "settings.yaml"
    write_climb(saved, settings)
    assert read_climb(Path("runs/reviews-0001/settings.yaml")).model_dump(exclude={"name"}) == settings.model_dump(
        exclude={"name"}
    )
    monkeypatch.chdir(saved.parent)
    again = read_climb(Path("settings.yaml"))
    monkeypatch.chdir(tmp_path)
    assert read_climb(saved).rows.train == str(tmp_path / "reviews" / "a.csv")
    assert again.name == "reviews"
    assert same_work(settings, read_climb(saved, {"runs": "elsewhere", "threads": "2"}))
    assert not same_work(settings, read_climb(saved, {"seed": "4"}))


def test_every_method_has_a_place_on_the_ladder() -> None:
    names = [rung.method for rung in default_rungs()]
    assert names[0] == "zero_shot"
    assert names == sorted(names, key=lambda name: method_class(name).rank)
    assert set(names) == {name for name in METHODS.names() if method_class(name).by_default}
