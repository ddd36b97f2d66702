"""Datasets of a dataset_info.json become rows: no row gets lost unseen, traps are told."""

import json
from pathlib import Path
from typing import Any

import pytest

from taskfit.app.llamafactory.dataset_info import Entry
from taskfit.app.llamafactory.hub import choose_files
from taskfit.app.llamafactory.mix import DatasetReading, read_datasets
from taskfit.app.llamafactory.rows_settings import DatasetRows
from taskfit.core.errors import DataError, UsageError

ALPACA = [{"instruction": f"Say {n}.", "input": "", "output": str(n) + "!"} for n in range(10)]


def folder(path: Path, entries: dict[str, Any], **files: Any) -> str:
    (path / "dataset_info.json").write_text(json.dumps(entries), encoding="utf-8")
    for name, rows in files.items():
        (path / f"{name}.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    return str(path)


def read(path: Path, entries: dict[str, Any], files: dict[str, Any], **settings: Any) -> DatasetReading:
    where = folder(path, entries, **files)
    return read_datasets(DatasetRows.read({"names": list(entries), "folder": where, **settings}), seed=1)


def remarks(reading: DatasetReading) -> str:
    return "\n".join(remark.en for facts in reading.facts for remark in facts.remarks)


def test_real_demo_rows_are_used_or_listed(shared_data: Path) -> None:
    names = ["identity", "alpaca_en_demo", "alpaca_zh_demo", "glaive_toolcall_en_demo", "glaive_toolcall_zh_demo"]
    settings = DatasetRows.read({"names": names, "folder": str(shared_data / "llamafactory_demo"), "dev_size": 0.1})
    reading = read_datasets(settings, seed=42)
    assert [facts.rows for facts in reading.facts] == [91, 999, 1000, 300, 300]
    for facts in reading.facts:
        assert facts.rows == facts.used + facts.listed
    used = sum(facts.used for facts in reading.facts)
    assert len(reading.practice.train) + len(reading.practice.dev) == used
    assert "{{name}}" in remarks(reading)
    calls = [m.calls[0] for example in reading.practice.train for m in example.messages if m.calls]
    assert json.loads(calls[0].arguments)
    assert any(example.tools for example in reading.practice.train)


def test_real_raw_text_is_read_as_text(shared_data: Path) -> None:
    where = str(shared_data / "llamafactory_raw")
    rows = DatasetRows.read({"names": ["c4_demo"], "folder": where, "plain_text": True})
    with pytest.raises(DataError, match="no such file"):
        read_datasets(rows, seed=1)


def test_text_files_and_columns_for_pre_training(tmp_path: Path) -> None:
    (tmp_path / "wiki.txt").write_text("One line.\n\nAnother 行.\n", encoding="utf-8")
    entries = {"wiki": {"file_name": "wiki.txt", "columns": {"prompt": "text"}}}
    reading = read(tmp_path, entries, {}, plain_text=True)
    assert [example.text for example in reading.practice.train] == ["One line.", "Another 行."]
    assert reading.practice.train[1].origin.line == 3


def test_trap_1_a_column_that_columns_does_not_list_is_read_and_told(tmp_path: Path) -> None:
    rows = [{"q": "Add.", "input": "1 2", "output": "3"}]
    reading = read(tmp_path, {"a": {"file_name": "a.json", "columns": {"prompt": "q"}}}, {"a": rows})
    assert reading.practice.train[0].text == "Add.\n1 2"
    assert "would not read the column 'input'" in remarks(reading)
    off = {"a": {"file_name": "a.json", "columns": {"prompt": "q", "query": None}}}
    assert read(tmp_path, off, {"a": rows}).practice.train[0].text == "Add."


def test_trap_1_tags_that_are_left_out_keep_their_words_and_are_told(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    entry = {"file_name": "a.json", "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    reading = read(tmp_path, {"a": entry}, {"a": [{"messages": talk}]})
    assert [message.role for message in reading.practice.train[0].messages] == ["system", "user"]
    assert reading.practice.train[0].target == "A"
    assert "system_tag=system" in remarks(reading)


def test_trap_2_system_and_history_are_read_and_told(tmp_path: Path) -> None:
    rows = [{"instruction": "Q2", "output": "A2", "system": "S", "history": [["Q1", "A1"]]}]
    reading = read(tmp_path, {"a": {"file_name": "a.json"}}, {"a": rows})
    assert [message.content for message in reading.practice.train[0].messages] == ["S", "Q1", "A1", "Q2"]
    assert "would not read the column 'history'" in remarks(reading)


def test_trap_3_a_listed_column_that_is_not_there_is_an_error_with_the_columns(tmp_path: Path) -> None:
    entry = {"file_name": "a.json", "columns": {"prompt": "instruktion", "response": "output"}}
    with pytest.raises(DataError, match=r"there is no column 'instruktion'.*did you mean 'instruction'"):
        read(tmp_path, {"a": entry}, {"a": ALPACA})


def test_trap_4_and_5_openai_rows_keep_their_system_text_and_arguments_in_text_are_read(tmp_path: Path) -> None:
    talk = [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": '{"day": 1}'}}],
        },
        {"role": "tool", "content": "rain"},
        {"role": "tool", "content": "wind"},
        {"role": "assistant", "content": "Bad."},
    ]
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    tags |= {"observation_tag": "tool", "function_tag": "function", "system_tag": "system"}
    entry = {"file_name": "a.json", "formatting": "openai", "columns": {"messages": "messages", "tools": "tools"}}
    tools = [{"name": "look", "description": "", "parameters": {"type": "object", "properties": {"day": {"n": 1.5}}}}]
    reading = read(tmp_path, {"a": entry | {"tags": tags}}, {"a": [{"messages": talk, "tools": tools}]})
    example = reading.practice.train[0]
    assert [message.role for message in example.messages] == ["user", "assistant", "tool"]
    assert json.loads(example.messages[1].calls[0].arguments) == {"day": 1}
    assert "wind" in example.messages[2].content
    assert json.loads(example.tools[0])["parameters"]["properties"]["day"] == {"n": 1.5}
    assert "detailed thinking" in remarks(reading)


def test_bad_rows_are_listed_with_their_place_and_reason(tmp_path: Path) -> None:
    def talk(*roles: str, last: str = "x") -> dict[str, Any]:
        turns = [{"from": role, "value": "x"} for role in roles]
        return {"conversations": [*turns[:-1], turns[-1] | {"value": last}]}

    rows = [
        talk("human", "gpt"),
        talk("human", "human"),
        talk("human", "gpt", "human"),
        talk("robot", "gpt"),
        talk("human", "gpt", last=""),
        talk("human", "function_call", last="{not json"),
        {"conversations": "x"},
    ]
    reading = read(tmp_path, {"a": {"file_name": "a.json", "formatting": "sharegpt"}}, {"a": rows})
    facts = reading.facts[0]
    assert (facts.rows, facts.used, facts.listed) == (7, 1, 6)
    reasons = " | ".join(row.reason.en for row in reading.listed)
    for word in ("alternate", "does not end with an answer", "'robot'", "last answer is empty", "no JSON", "no list"):
        assert word in reasons
    assert all(row.line for row in reading.listed)


def test_parts_and_weights_of_messages_are_read(tmp_path: Path) -> None:
    parts = [{"type": "reasoning", "value": "Hm."}, {"type": "text", "value": "A"}]
    talk = [
        {"role": "user", "content": [{"type": "text", "value": "Q"}], "loss_weight": 0.0},
        {"role": "assistant", "content": parts, "loss_weight": 0.5},
    ]
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    entry = {"file_name": "a.json", "formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags}
    example = read(tmp_path, {"a": entry}, {"a": [{"messages": talk}]}).practice.train[0]
    assert [message.weight for message in example.messages] == [0.0, 0.5]
    assert (example.messages[1].thinking, example.messages[1].content) == ("Hm.", "A")
    assert example.target is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"file_name": "a.json", "ranking": True}, "preferences"),
        ({"file_name": "a.json", "columns": {"kto_tag": "label"}}, "preferences"),
        ({"file_name": "a.json", "columns": {"images": "images"}}, "images"),
        ({"file_name": "a.json", "columns": {"promt": "x"}}, "did you mean 'prompt'"),
        ({"file_name": "a.json", "formatting": "chatml"}, "not known"),
        ({"hf_hub_url": "some/rows"}, "--online"),
        ({"ms_hub_url": "some/rows"}, "ms_hub_url"),
        ({"script_url": "x"}, "script_url"),
        ({}, "names no file"),
        ({"file_name": "b.json"}, "no such file"),
        ({"file_name": "a.arrow"}, "known endings"),
        ({"file_name": "a.json", "num_samples": 0}, "num_samples"),
    ],
)
def test_entries_that_cannot_be_used_are_refused_in_words(tmp_path: Path, entry: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(tmp_path, {"a": entry}, {"a": ALPACA})


def test_an_unknown_dataset_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    where = folder(tmp_path, {"alpaca": {"file_name": "a.json"}}, a=ALPACA)
    with pytest.raises(DataError, match="did you mean 'alpaca'"):
        read_datasets(DatasetRows.read({"names": ["alpacca"], "folder": where}), seed=1)


def test_num_samples_above_the_rows_takes_each_once_and_is_told(tmp_path: Path) -> None:
    reading = read(tmp_path, {"a": {"file_name": "a.json", "num_samples": 25}}, {"a": ALPACA})
    assert len({example.id for example in reading.practice.train}) == 10
    assert "would draw some of them again" in remarks(reading)
    fewer = read(tmp_path, {"a": {"file_name": "a.json", "num_samples": 4}}, {"a": ALPACA})
    assert len(fewer.practice.train) == 4
    assert fewer == read(tmp_path, {"a": {"file_name": "a.json", "num_samples": 4}}, {"a": ALPACA})


def test_a_folder_of_files_of_one_kind_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for name in ("1", "2"):
        (tmp_path / "many" / f"{name}.json").write_text(json.dumps(ALPACA), encoding="utf-8")
    assert len(read(tmp_path, {"a": {"file_name": "many"}}, {}).practice.train) == 20
    (tmp_path / "many" / "x.csv").write_text("instruction,output\n", encoding="utf-8")
    with pytest.raises(DataError, match="files of one kind"):
        read(tmp_path, {"a": {"file_name": "many"}}, {})


TWO = {"a": {"file_name": "a.json"}, "b": {"file_name": "b.json"}}


@pytest.mark.parametrize(
    ("mix", "count"), [("concat", 13), ("interleave_under", 6), ("interleave_over", 20), ("interleave_once", 13)]
)
def test_datasets_are_mixed_as_asked(tmp_path: Path, mix: str, count: int) -> None:
    reading = read(tmp_path, TWO, {"a": ALPACA, "b": ALPACA[:3]}, mix=mix)
    ids = [example.id for example in reading.practice.train]
    assert len(ids) == count
    assert len(set(ids)) == count


def test_shares_decide_how_often_a_dataset_is_drawn(tmp_path: Path) -> None:
    many = [{"instruction": f"Q{n}", "output": "A"} for n in range(400)]
    reading = read(tmp_path, TWO, {"a": many, "b": many}, mix="interleave_under", shares=[0.9, 0.1])
    drawn = [example.origin.file.endswith("a.json") for example in reading.practice.train]
    assert 0.85 < sum(drawn) / len(drawn) < 0.95


def test_a_dataset_named_twice_counts_twice_and_never_reaches_both_sides(tmp_path: Path) -> None:
    where = folder(tmp_path, {"a": {"file_name": "a.json"}}, a=ALPACA)
    settings = DatasetRows.read({"names": ["a", "a"], "folder": where, "dev_size": 3})
    practice = read_datasets(settings, seed=1).practice
    assert (len(practice.train), len(practice.dev)) == (14, 3)
    assert not {example.text for example in practice.train} & {example.text for example in practice.dev}


def test_dev_rows_are_a_share_or_a_dataset_of_their_own(tmp_path: Path) -> None:
    practice = read(tmp_path, {"a": {"file_name": "a.json"}}, {"a": ALPACA}, dev_size=0.25).practice
    assert (len(practice.train), len(practice.dev)) == (7, 3)
    practice = read(tmp_path, TWO, {"a": ALPACA, "b": ALPACA[:3]}, names=["a"], dev=["b"], most=2).practice
    assert (len(practice.train), len(practice.dev)) == (2, 2)
    with pytest.raises(DataError, match="leave none"):
        read(tmp_path, {"a": {"file_name": "a.json"}}, {"a": ALPACA}, dev_size=10)


def test_thoughts_are_filled_in_or_dropped(tmp_path: Path) -> None:
    rows = [{"instruction": "Q", "output": "A"}, {"instruction": "Q", "output": "<think>\nHm.\n</think>\n\nA"}]
    entries, files = {"a": {"file_name": "a.json"}}, {"a": rows}
    plain, thought = read(tmp_path, entries, files, thoughts="fill").practice.train
    assert plain.target == "<think>\n\n</think>\n\nA"
    assert (thought.messages[-1].thinking, thought.messages[-1].content) == ("Hm.", "A")
    plain, thought = read(tmp_path, entries, files, thoughts="drop").practice.train
    assert plain.target == "A"
    assert (thought.messages[-1].thinking, thought.messages[-1].content) == ("", "A")


def test_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="interleaved"):
        DatasetRows.read({"names": ["a"], "shares": [1.0]})
    with pytest.raises(UsageError, match="measure on"):
        DatasetRows.read({"names": ["a"], "dev": ["b"], "dev_size": 0.1})


def test_files_of_a_hub_dataset_are_chosen_by_folder_subset_and_split() -> None:
    names = ["README.md", "en/train-0.parquet", "en/train-1.parquet", "en/test.parquet", "zh/train.parquet"]
    entry = Entry("a", "here", hub="some/rows", folder="en")
    assert choose_files(names, entry) == ["en/train-0.parquet", "en/train-1.parquet"]
    with pytest.raises(DataError, match="not clear"):
        choose_files(["a.json", "b.csv"], Entry("a", "here", hub="some/rows"))
