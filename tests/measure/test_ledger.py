import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from taskfit.core.errors import DataError, DiskError
from taskfit.measure.ledger import look


def at(path: Path, rung: str, settings: str, split: str = "s1"):
    return look(path, split=split, rung=rung, settings_hash=settings)


def test_the_first_look_is_counted_and_not_warned_of(tmp_path):
    found = at(tmp_path / "runs" / "looks.jsonl", "lora", "h1")
    assert (found.of_split, found.of_rung, found.new, found.warning) == (1, 1, True, None)


def test_the_same_look_again_is_not_counted(tmp_path):
    path = tmp_path / "looks.jsonl"
    at(path, "lora", "h1")
    again = at(path, "lora", "h1")
    assert (again.of_split, again.of_rung, again.new, again.warning) == (1, 1, False, None)
    assert len(path.read_text().splitlines()) == 1


def test_a_changed_rung_is_counted_and_warned_of_in_both_languages(tmp_path):
    path = tmp_path / "looks.jsonl"
    at(path, "lora", "h1")
    assert at(path, "full", "h1").warning is None
    second = at(path, "lora", "h2")
    assert (second.of_split, second.of_rung) == (3, 2)
    assert second.warning is not None
    assert "looked at 2 times with different settings of lora" in second.warning.en
    assert "2 组不同设置" in second.warning.zh


def test_another_split_starts_anew(tmp_path):
    path = tmp_path / "looks.jsonl"
    at(path, "lora", "h1")
    found = at(path, "lora", "h2", split="s2")
    assert (found.of_split, found.of_rung, found.warning) == (1, 1, None)


def test_a_line_torn_by_a_killed_writer_is_removed(tmp_path):
    path = tmp_path / "looks.jsonl"
    at(path, "lora", "h1")
    with path.open("a") as file:
        file.write('{"split": "s1", "ru')
    assert at(path, "lora", "h2").of_rung == 2
    assert [json.loads(line)["settings"] for line in path.read_text().splitlines()] == ["h1", "h2"]


@pytest.mark.parametrize(
    "line", ["not json", "[]", '{"split": "s1"}', '{"split": ["s1"], "rung": "a", "settings": "b"}']
)
def test_a_broken_line_is_told_with_its_place(tmp_path, line):
    path = tmp_path / "looks.jsonl"
    at(path, "lora", "h1")
    with path.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=r"looks\.jsonl:2"):
        at(path, "lora", "h2")


def test_many_writers_lose_no_look(tmp_path):
    path = tmp_path / "looks.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: at(path, "lora", f"h{i % 20}"), range(60)))
    assert at(path, "lora", "h0").of_rung == 20
    assert len(path.read_text().splitlines()) == 20


def test_a_ledger_that_cannot_be_written_is_a_disk_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DiskError):
        at(tmp_path / "file" / "looks.jsonl", "lora", "h1")


def test_choosing_the_best_of_ten_on_the_test_split_is_detected(tmp_path):
    path = tmp_path / "looks.jsonl"
    random = np.random.default_rng(0)
    # Ten settings that are all right on 80 % of 300 rows: the best looks about 3.5 points better than it is.
    best = random.binomial(300, 0.8, size=(4000, 10)).max(axis=1) / 300
    assert best.mean() - 0.8 == pytest.approx(0.035, abs=0.004)
    looks = [at(path, "lora", f"trial {i}") for i in range(10)]
    assert [one.warning is not None for one in looks] == [False] + [True] * 9
    assert looks[-1].of_split == 10
