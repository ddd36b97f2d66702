"""Rows of one format become a file of another: counted, listed, named; LLaMA-Factory's traps are told."""

import json
from pathlib import Path

import pytest

from taskfit.app.data.convert import Converted, ConvertSettings, convert
from taskfit.core.errors import DataError, UsageError
from taskfit.core.files import read_json, read_lines
from taskfit.data.compare import missing
from taskfit.data.read_records import read_records
from taskfit.data.shape import SHAPES, shape_named
from taskfit.data.write import SUFFIXES

ALPACA = [
    {"instruction": "add", "input": "2 and 2", "output": "4", "id": "r1", "score": 0.5},
    {"instruction": "say hi", "input": "<noinput>", "output": "hi"},
    {"instruction": "say nothing", "output": ""},
    {"instruction": "say \ud800", "output": "x"},
]


def file(folder, name, rows):
    path = folder / name
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def converted(source, to, out, **more) -> Converted:
    return convert(str(source), ConvertSettings(to=to, out=str(out), **more))


def test_every_row_is_kept_repaired_or_dropped_and_the_ledger_says_why(tmp_path):
    found = converted(file(tmp_path, "rows.jsonl", ALPACA), "openai", tmp_path / "out.jsonl")
    assert (found.kept, len(found.repaired), len(found.dropped)) == (1, 1, 2)
    assert found.ledger is not None
    ledger = list(read_lines(found.ledger))
    assert [(row["line"], row["what"]) for row in ledger] == [(2, "repaired"), (3, "dropped"), (4, "dropped")]
    assert ledger[1]["reason"] == {"en": "'output' is empty", "zh": "'output' 为空"}
    assert found.lost == {"parts.input": 1, "parts.instruction": 1}
    first, second = read_lines(tmp_path / "out.jsonl")
    assert list(first) == ["id", "messages", "score"]
    assert (first["id"], first["score"], first["messages"][0]["content"]) == ("r1", 0.5, "add\n2 and 2")
    assert list(second) == ["messages"]


def test_the_manifest_names_rows_parent_and_version(tmp_path):
    first = converted(file(tmp_path, "rows.jsonl", ALPACA[:2]), "record", tmp_path / "a.jsonl")
    second = converted(tmp_path / "a.jsonl", "alpaca", tmp_path / "b.csv")
    one, two = read_json(first.manifest), read_json(second.manifest)
    assert one["rows"] == {"read": 2, "kept": 1, "repaired": 1, "dropped": 0}
    assert two["parent"] == {"file": "a.jsonl", "sha256": one["sha256"], "dataset": one["dataset"]}
    assert two["dataset"] == one["dataset"]
    assert second.ledger is None
    assert second.lost == {}


def test_the_hash_of_a_data_set_is_that_of_its_records(tmp_path):
    path = file(tmp_path, "rows.jsonl", ALPACA[:2])
    found = converted(path, "alpaca", tmp_path / "out.json")
    again = converted(tmp_path / "out.json", "alpaca", tmp_path / "again.parquet")
    assert read_json(found.manifest)["dataset"] == read_json(again.manifest)["dataset"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", SHAPES.names())
def test_every_shape_is_read_from_every_file_that_is_written(tmp_path, name, suffix):
    source = file(tmp_path, "rows.jsonl", [shape_named(name).ROW] * 2)
    found = converted(source, name, tmp_path / f"out{suffix}", shape=name)
    assert found.lost == {}
    records, again = read_records(source, name).records, read_records(tmp_path / f"out{suffix}", name).records
    assert [missing(one, other) for one, other in zip(records, again, strict=True)] == [(), ()]
    assert read_records(tmp_path / f"out{suffix}").facts.shape == name


def test_rows_of_another_kind_are_refused_with_the_reason(tmp_path):
    path = file(tmp_path, "rows.jsonl", [{"text": "a", "label": "b"}])
    with pytest.raises(
        DataError, match=r"none of the 1 rows can be written as 'openai'\n.*:1: it is a row with a label"
    ):
        converted(path, "openai", tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


def test_no_file_is_written_over_unless_asked(tmp_path):
    path = file(tmp_path, "rows.jsonl", ALPACA[:2])
    with pytest.raises(UsageError, match="this file is there already"):
        converted(path, "openai", path)
    converted(path, "openai", tmp_path / "out.jsonl")
    with pytest.raises(UsageError, match="--overwrite"):
        converted(path, "openai", tmp_path / "out.jsonl")
    assert converted(path, "openai", tmp_path / "out.jsonl", overwrite=True).written == 2


def test_progress_is_told(tmp_path):
    events = []
    path = file(tmp_path, "rows.jsonl", ALPACA[:2])
    convert(str(path), ConvertSettings(to="openai", out=str(tmp_path / "o.jsonl")), events.append)
    assert [(one.kind, one.data["done"], one.data["total"]) for one in events] == [("progress", 2, 2)]


def info(folder: Path, **entries) -> Path:
    path = folder / "dataset_info.json"
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def test_an_entry_of_dataset_info_names_file_columns_and_roles(tmp_path):
    rows = [
        {"talk": [{"who": "U", "says": "2+2?"}, {"who": "A", "says": "4"}], "good": True},
        {"talk": [{"who": "U", "says": "2+3?"}, {"who": "A", "says": "6"}], "good": False},
    ]
    (tmp_path / "k.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    tags = {"role_tag": "who", "content_tag": "says", "user_tag": "U", "assistant_tag": "A"}
    entry = {"file_name": "k.jsonl", "formatting": "sharegpt", "tags": tags}
    path = info(tmp_path, mine={**entry, "columns": {"messages": "talk", "kto_tag": "good"}})
    found = converted(f"{path}#mine", "kto", tmp_path / "out.jsonl")
    assert list(read_lines(tmp_path / "out.jsonl")) == [
        {"prompt": "2+2?", "completion": "4", "label": True},
        {"prompt": "2+3?", "completion": "6", "label": False},
    ]
    assert any("'tags' leaves out some" in remark.en for remark in found.remarks)
    assert converted(path, "kto", tmp_path / "again.jsonl", dataset="mine").written == 2


def test_what_llamafactory_drops_in_silence_is_counted(tmp_path):
    good = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    rows = [
        {"conversations": good},
        {"conversations": [*good, {"from": "human", "value": "c"}]},
        {"conversations": [{"from": "system", "value": "s"}, *good]},
        {"conversations": [good[0], good[0], good[1], good[1]]},
    ]
    (tmp_path / "s.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    tags = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}
    path = info(tmp_path, s={"file_name": "s.jsonl", "formatting": "sharegpt", "tags": tags})
    found = converted(f"{path}#s", "sharegpt", tmp_path / "out.jsonl")
    told = [remark.en for remark in found.remarks]
    assert any("1 of 4 rows have an odd number of messages" in one for one in told)
    assert any("1 of 4 rows hold a role that the tags do not name" in one for one in told)
    assert any("1 of 4 rows do not alternate" in one for one in told)
    assert found.written == 4


def test_alpaca_traps_are_counted_and_the_unlisted_columns_are_read(tmp_path):
    rows = [
        {"instruction": "a", "output": "b", "system": "s", "chosen": "c", "rejected": "d", "tag": True},
        {"instruction": "a", "output": 4, "system": "s", "chosen": "c", "rejected": 5, "tag": "yes"},
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    path = info(
        tmp_path,
        sft={"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output"}},
        pairs={
            "file_name": "a.jsonl",
            "ranking": True,
            "columns": {"prompt": "instruction", "chosen": "chosen", "rejected": "rejected"},
        },
        kto={"file_name": "a.jsonl", "columns": {"prompt": "instruction", "response": "output", "kto_tag": "tag"}},
        gone={"file_name": "a.jsonl", "columns": {"prompt": "instruction", "query": "nope"}},
        pt={"file_name": "a.jsonl", "columns": {"prompt": "system"}},
    )
    sft = converted(f"{path}#sft", "alpaca", tmp_path / "1.jsonl")
    assert (sft.kept, len(sft.repaired)) == (1, 1)
    assert any("1 of 2 rows have an answer that is no text" in one.en for one in sft.remarks)
    assert any("'columns' does not list 'system'" in one.en for one in sft.remarks)
    pairs = converted(f"{path}#pairs", "preference", tmp_path / "2.jsonl")
    assert any("1 of 2 rows hold chosen or rejected that is no text" in one.en for one in pairs.remarks)
    assert pairs.written == 2
    kto = converted(f"{path}#kto", "kto", tmp_path / "3.jsonl")
    assert (kto.kept, len(kto.repaired)) == (1, 1)
    assert any("1 of 2 rows have a kto_tag that is neither true nor false" in one.en for one in kto.remarks)
    assert [row["label"] for row in read_lines(tmp_path / "3.jsonl")] == [True, True]
    assert any("KeyError" in one.en for one in converted(f"{path}#gone", "text", tmp_path / "4.jsonl").remarks)
    assert [row["text"] for row in read_lines(converted(f"{path}#pt", "text", tmp_path / "5.jsonl").out)] == ["s", "s"]


def test_an_unknown_data_set_is_told_with_the_nearest(tmp_path):
    path = info(tmp_path, identity={"file_name": "a.jsonl"})
    with pytest.raises(DataError, match=r"there is no dataset 'identty'.*did you mean 'identity'"):
        converted(f"{path}#identty", "alpaca", tmp_path / "out.jsonl")
    with pytest.raises(UsageError, match=r"named in a file dataset_info\.json"):
        converted(tmp_path / "other.json", "alpaca", tmp_path / "out.jsonl", dataset="x")


@pytest.mark.parametrize("name", [one for one in SHAPES.names() if "DATASET" in vars(shape_named(one))])
def test_an_entry_that_is_written_reads_the_rows_again(tmp_path, name):
    source = file(tmp_path, "rows.jsonl", [shape_named(name).ROW])
    converted(source, name, tmp_path / "mine.jsonl", shape=name, dataset_info=True)
    path = tmp_path / "dataset_info.json"
    listed = read_json(path)["mine"].get("columns", {})
    assert set(listed.values()) <= set(shape_named(name).ROW)
    again = converted(f"{path}#mine", name, tmp_path / "again.jsonl")
    assert [remark.en for remark in again.remarks if "rows" in remark.en and "LLaMA-Factory:" in remark.en] == []
    assert list(read_lines(tmp_path / "again.jsonl")) == list(read_lines(tmp_path / "mine.jsonl"))


def test_shapes_that_llamafactory_cannot_read_get_no_entry(tmp_path):
    path = file(tmp_path, "rows.jsonl", [{"text": "a", "label": "b"}])
    with pytest.raises(UsageError, match="cannot read 'classification'"):
        converted(path, "classification", tmp_path / "out.jsonl", dataset_info=True)


@pytest.mark.parametrize(
    ("name", "to", "suffix", "written"),
    [
        ("llamafactory_demo/alpaca_zh_demo.json", "openai", ".jsonl", 1000),
        ("llamafactory_demo/glaive_toolcall_en_demo.json", "openai", ".parquet", 300),
        ("llamafactory_demo/v1_sft_demo.jsonl", "sharegpt", ".json", 500),
        ("llamafactory_pref/dpo_zh_demo.json", "preference", ".jsonl", 300),
        ("waimai_10k/waimai_10k.csv", "record", ".jsonl", 11_987),
        ("xquad/xquad.zh.json", "squad", ".csv", 1190),
        ("ceval/val/law_val.csv", "multiple_choice", ".tsv", 24),
        ("alpaca_seed/seed_tasks.jsonl", "alpaca", ".json", 175),
        ("tang_poems/poetry_corpus.json", "text", ".parquet", 10_456),
    ],
)
def test_public_files_are_written_whole(shared_data, tmp_path, name, to, suffix, written):
    found = converted(shared_data / name, to, tmp_path / f"out{suffix}")
    assert (found.written, len(found.dropped)) == (written, 0)
    again = read_records(tmp_path / f"out{suffix}")
    assert (again.facts.shape, len(again.records)) == (to, written)
