"""The seed tasks that come with taskfit: enough, varied, and nothing wrong with them."""

import json
from pathlib import Path

import pytest

from taskfit.core.errors import DataError
from taskfit.core.example import Message, Origin
from taskfit.core.text import Language
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import chunks_of, conclude, examine
from taskfit.data.record import Record
from taskfit.workshop.filters import clashing, wrong_instance
from taskfit.workshop.recipe import Pool, with_input
from taskfit.workshop.seeds import own_seeds, read_seeds

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
# Tasks that are answered by a word beside tasks that are answered by a page: that is what makes seeds varied.
MEANT = {"mixed_lengths"}


@LANGUAGES
def test_are_many_and_of_both_kinds(language: Language) -> None:
    seeds = own_seeds(language)
    classes = [task for task in seeds if task.is_classification]
    assert len(seeds) >= 100
    assert 0.2 < len(classes) / len(seeds) < 0.4
    assert len(classes) >= 25
    assert sum(not task.instances[0].input for task in seeds) >= 20
    assert len({task.id for task in seeds}) == len({task.name for task in seeds}) == len(seeds)
    for task in classes:
        assert len({one.output for one in task.instances}) >= 2, task.name
        assert all(one.input for one in task.instances), task.name


@LANGUAGES
def test_none_is_like_another(language: Language) -> None:
    pool = Pool(())
    for task in own_seeds(language):
        assert pool.admit(task.instruction) is None, task.instruction


@LANGUAGES
def test_are_written_in_their_language(language: Language) -> None:
    for task in own_seeds(language):
        chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in task.instruction)
        assert (chinese > len(task.instruction) / 10) == (language == "zh"), task.instruction


@LANGUAGES
def test_have_no_defects(language: Language) -> None:
    seeds = own_seeds(language)
    rows = []
    for task in seeds:
        assert not any(clashing(task.instances)), task.name
        for number, one in enumerate(task.instances):
            assert wrong_instance(one) is None, task.name
            talk = (Message("user", with_input(task.instruction, one.input)), Message("assistant", one.output))
            rows.append(Record(f"{task.id}-{number}", Origin(f"{language}.jsonl", len(rows) + 1), talk))
    checks, means = {name: one for name, one in checks_of().items() if not one.needs}, Means()
    assert len(checks) > 25
    found = conclude(examine(chunks_of(rows), checks, means), checks, means)
    assert [str(one.what) for one in found if one.severity != "info" and one.id not in MEANT] == []


def test_a_file_of_the_user_is_read_whole_or_refused_with_every_line(tmp_path: Path) -> None:
    good = {"instruction": "Say hello.", "instances": [{"input": "", "output": "Hello."}], "is_classification": False}
    short = {"instruction": "Name a colour.", "input": "", "output": "red"}
    path = tmp_path / "seeds.jsonl"
    path.write_text("\n".join([json.dumps(good), "", json.dumps(short)]), encoding="utf-8")
    first, second = read_seeds(path)
    assert (first.id, second.instances[0].output) == ("seed-1", "red")
    path.write_text("\n".join(["{", json.dumps(good), '{"instruction": 3, "output": "x"}', "[]"]), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_seeds(path)
    assert [one.where.rpartition(":")[2] for one in caught.value.findings] == ["1", "3", "4"]
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="no seed task"):
        read_seeds(path)


def test_the_published_seed_tasks_can_be_read(shared_data: Path) -> None:
    tasks = read_seeds(shared_data / "alpaca_seed" / "seed_tasks.jsonl")
    assert len(tasks) == 175
    assert sum(task.is_classification for task in tasks) == 26
