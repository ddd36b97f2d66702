"""What the documents say is true of the tree, and their examples run."""

import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import pytest

import taskfit.data.formats
import taskfit.measure.metrics
import taskfit.methods
from taskfit.app.catalogues import method_page, methods
from taskfit.app.settings import METHODS, default_rungs, method_class, rungs_of
from taskfit.app.task_file import read_climb
from taskfit.core.example import Practice, example_of
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.core.task import Label, Task

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [one for one in targets if "://" not in one and not (page.parent / one).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page: Path) -> None:
    to_be_written = {"methods/majority.py", "measure/metrics/near.py", "data/formats/psv.py"}
    names = re.findall(r"`(?:src/taskfit/)?([a-z_]+(?:/[a-z_]+)*\.py)`", page.read_text(encoding="utf-8"))
    missing = [one for one in names if not (ROOT / one).is_file() and not list((ROOT / "src" / "taskfit").rglob(one))]
    assert [one for one in missing if one != "majority.py" and one not in to_be_written] == []


def shape_of(text: str) -> list[str]:
    """Return the outline of a page: headings by depth, rows of tables, blocks of commands; no words."""
    marks = re.findall(
        r"^(#+ |\||```)", re.sub(r"^```.*?^```$", "```", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE
    )
    return [one.strip() for one in marks]


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_guide_has_its_twin_with_the_same_sections_and_tables(page: Path) -> None:
    name = page.name.partition(".")[0]
    english, chinese = (text_of(f"docs/{name}{ending}") for ending in (".md", ".zh.md"))
    assert f"**English** | [中文]({name}.zh.md)" in english
    assert f"[English]({name}.md) | **中文**" in chinese
    assert shape_of(english) == shape_of(chinese)


@pytest.mark.parametrize("name", ["architecture", "architecture.zh"])
def test_the_architecture_names_every_package_and_no_other(name: str) -> None:
    named = set(re.findall(r"`taskfit\.([a-z_]+)`", text_of(f"docs/{name}.md")))
    folder = ROOT / "src" / "taskfit"
    there = {one.parent.name for one in folder.glob("*/__init__.py")} | {one.stem for one in folder.glob("[a-z]*.py")}
    assert named == there


@pytest.mark.parametrize("name", ["architecture", "architecture.zh"])
def test_the_architecture_draws_the_layers_that_are_checked(name: str) -> None:
    drawn = re.findall(r"^    (cli  >.*)$", text_of(f"docs/{name}.md"), re.MULTILINE)
    listed = re.findall(r'^  "(taskfit\..*)",$', text_of("pyproject.toml"), re.MULTILINE)
    assert [drawn[0].replace("  >  ", " > ")] == [" > ".join(one.replace("taskfit.", "") for one in listed)]


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_readme_lists_every_method_with_its_command(page: str) -> None:
    rows = re.findall(r"^\|[^|]*\| `(\w+)` \|.*\| `(taskfit train [^`|]*)` \|$", text_of(page), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(one.name for one in methods())
    for name, command in rows:
        words = shlex.split(command)
        given = dict(zip(words[2::2], words[3::2], strict=True))
        if "--set" in given:
            assert given["--set"].partition("=")[0] in method_class(name).model_fields
        assert (given["--method"], given["--run"], given["--model"]) == (name, f"runs/{name}", "tiny")


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_readme_names_the_methods_of_a_ladder(page: str) -> None:
    named = ["`?" + rung.method + "`?" for rung in default_rungs()]
    assert re.search(r"[,、]\s*".join(named), text_of(page))


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_task_file_of_the_readme_is_read(page: str, tmp_path: Path) -> None:
    (example,) = blocks(text_of(page), "yaml")
    (tmp_path / "task.yaml").write_text(example, encoding="utf-8")
    settings = read_climb(tmp_path / "task.yaml")
    assert [rung.name for rung in rungs_of(settings)] == ["zero_shot", "knn_shot", "head", "lora"]
    assert list(settings.task.labels) == ["0", "1"]


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_commands_of_the_readme_exist(page: str) -> None:
    from taskfit.cli.command import Call
    from taskfit.cli.commands import commands
    from taskfit.cli.parser import parse

    lines = [line.partition("#")[0].split() for block in blocks(text_of(page), "sh") for line in block.splitlines()]
    calls = [parse(words[1:], commands()) for words in lines if words[:1] == ["taskfit"]]
    assert len(calls) >= 5
    assert all(isinstance(call, Call) for call in calls)
    assert all((ROOT / words[0]).is_file() for words in lines if words and words[0].startswith("scripts/"))


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three files of CONTRIBUTING.md, found by their catalogs like any other."""
    names = ["majority", "near", "psv"]
    packages: list[ModuleType] = [taskfit.methods, taskfit.measure.metrics, taskfit.data.formats]
    for name, package, block in zip(names, packages, blocks(text_of("CONTRIBUTING.md"), "python"), strict=True):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").write_text(block, encoding="utf-8")
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        monkeypatch.delitem(sys.modules, f"{package.__name__}.{name}", raising=False)
    return {name: tmp_path / name for name in names}


def test_the_example_method_works(examples: dict[str, Path], tmp_path: Path) -> None:
    method = method_page("majority").settings.read({"with_dev": "yes"})
    rows = [example_of("a", "good", number=1), example_of("b", "bad", number=2), example_of("c", "bad", number=3)]
    task = Task("classify", "", (Label("good", "good"), Label("bad", "bad")), ("accuracy",))
    desk = Desk(tmp_path, tmp_path)
    predictor = method.adapt(None, task, Practice(tuple(rows[:2]), tuple(rows[2:])), desk)  # type: ignore[arg-type]
    predictor.save(tmp_path)
    again = method.restore(None, task, tmp_path)  # type: ignore[arg-type]
    answers = [[one.answer for one in each.predict(rows, Meter())] for each in (predictor, again)]
    assert answers == [["bad"] * 3] * 2
    assert "majority" in METHODS.names()
    assert "majority" not in [rung.method for rung in default_rungs()]


def test_the_example_metric_works(examples: dict[str, Path]) -> None:
    from taskfit.measure.metric import find_metric

    metric = find_metric("near")
    assert [metric.value("3", one) for one in ("3", "4", "1", "x", None)] == [1.0, 0.5, 0.0, 0.0, 0.0]
    assert metric.compute(["3", "3"], ["3", "2"], []) == 0.75


def test_the_example_format_works(examples: dict[str, Path], tmp_path: Path) -> None:
    from taskfit.data.read import read_rows

    (tmp_path / "a.psv").write_text("text|label\n" + "".join(f"row, {n}|{n % 2}\n" for n in range(12)))
    reading = read_rows(tmp_path / "a.psv")
    assert (reading.facts.format, len(reading.examples)) == ("psv", 12)
    assert (reading.examples[0].text, reading.examples[0].target) == ("row, 0", "0")


def test_the_changelog_has_a_place_for_what_is_new() -> None:
    assert "## [Unreleased]" in text_of("CHANGELOG.md")


def test_the_constraints_pin_what_the_package_needs() -> None:
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in text_of("constraints.txt").splitlines()}
    needed = re.findall(r'^  "([A-Za-z0-9_-]+)[^"]*",$', text_of("pyproject.toml"), re.MULTILINE)
    assert {one.lower() for one in needed if not one.startswith("taskfit")} - pinned == set()
    assert "torch==2.13.*" in text_of("constraints.txt").splitlines()
