"""Replay: how many rows, which, in an order that the seed decides, and all of them written down."""

import json
from pathlib import Path

import pytest

from methods.open_task import TALKING, TEXTS, desk_in
from taskfit.core.errors import DataError, UsageError
from taskfit.methods.continued import Continued
from tiny_models import TinyModels

SHORT = {"lr": 0.01, "max_steps": 2, "batch": 4, "looks": 1}
GENERAL = [f"the cat and the dog, {number}" for number in range(5)]


@pytest.mark.parametrize(("share", "count"), [(0.5, 40), (0.2, 10), (0.01, 1)])
def test_the_share_is_of_all_rows(share: float, count: int) -> None:
    drawn = Continued.read({"replay": "world", "replay_share": share}).replayed(40, 0)
    assert len(drawn) == count
    assert count / (40 + count) == pytest.approx(share, abs=0.02)


def test_without_a_source_nothing_is_replayed() -> None:
    assert Continued().replayed(40, 0) == ()


def test_rows_are_drawn_again_only_when_all_were_drawn_and_no_two_ids_are_equal() -> None:
    drawn = Continued.read({"replay_rows": GENERAL, "replay_share": 0.5}).replayed(8, 3)
    assert sorted(one.text for one in drawn[:5]) == GENERAL
    assert len({one.text for one in drawn[5:]}) == 3
    assert len({one.id for one in drawn}) == 8


def test_the_order_is_a_function_of_the_seed() -> None:
    method = Continued.read({"replay_rows": GENERAL, "replay_share": 0.5})
    assert method.replayed(5, 1) == method.replayed(5, 1)
    assert method.replayed(5, 1) != method.replayed(5, 2)


def test_a_file_is_replayed_and_its_rows_stand_in_replay_jsonl(tiny: TinyModels, tmp_path: Path) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in GENERAL), encoding="utf-8")
    method = Continued.read({**SHORT, "replay": str(file), "replay_share": 0.3})
    story = method.adapt(tiny.open("llama"), TALKING, TEXTS, desk_in(tmp_path / "run")).story
    stored = [json.loads(line) for line in (tmp_path / "run" / "replay.jsonl").read_text().splitlines()]
    assert len(stored) == round(len(TEXTS.train) * 0.3 / 0.7) == 3
    assert all(Path(one["file"]).name == "general.jsonl" and 1 <= one["line"] <= 5 for one in stored)
    assert len({one["line"] for one in stored}) == 3
    plain = Continued.read(SHORT).adapt(tiny.open("llama"), TALKING, TEXTS, desk_in(tmp_path / "plain")).story
    assert story.curve[0].loss != plain.curve[0].loss
    assert not (tmp_path / "plain" / "replay.jsonl").exists()


def test_a_file_with_rows_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "general.jsonl"
    file.write_text('{"text": "the cat"}\n{"text": \n', encoding="utf-8")
    with pytest.raises(DataError, match=r"general.jsonl:2"):
        Continued.read({"replay": str(file)}).replayed(8, 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replay": "world", "replay_rows": GENERAL}, "both say what is replayed"),
        ({"replay_share": 0.3}, "without anything to replay"),
        ({"replay": "world", "replay_share": 1}, "less than 1"),
    ],
)
def test_settings_that_say_too_much_or_nothing_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Continued.read(values)


def test_says_what_it_forgets_in_both_languages() -> None:
    assert "forgets" in Continued.when.en
    assert "遗忘" in Continued.when.zh
