"""Files of rows of any shape become records: recognised, renamed, placed; no row is lost in silence."""

import importlib.util
import json
from pathlib import Path

import pytest

from taskfit.core.errors import DataError, UsageError
from taskfit.core.example import Message
from taskfit.data.read import read_rows
from taskfit.data.read_records import Way, read_records, stream_records
from taskfit.data.record import example_of, record_of
from taskfit.data.shape import SHAPES, shape_named

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def file(folder, name, *rows):
    path = folder / name
    text = "\n".join(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def test_rows_of_one_line_have_places_of_their_own(tmp_path):
    rows = [{"text": "a", "label": "x"}, {"text": "", "label": "x"}, {"text": "c", "label": "y"}]
    reading = read_records(file(tmp_path, "rows.json", json.dumps(rows)))
    assert [str(one.origin).rpartition("/")[2] for one in reading.records] == ["rows.json:1", "rows.json:1#3"]
    assert reading.listed[0].place.endswith("rows.json:1#2")
    assert len({one.id for one in reading.records}) == 2
    assert [one.id for one in read_rows(tmp_path / "rows.json").examples] == [one.id for one in reading.records]


def test_places_go_on_from_piece_to_piece(tmp_path):
    path = file(tmp_path, "rows.json", json.dumps([{"text": str(n), "label": "x"} for n in range(1, 8)]))
    whole = [one.origin for one in read_records(path).records]
    pieces = [one.origin for chunk in stream_records(path, way=Way(rows=2)) for one in chunk.records]
    assert pieces == whole
    assert [one.row for one in whole] == [None, 2, 3, 4, 5, 6, 7]


def test_an_unclear_shape_is_asked_for_with_the_best_guess(tmp_path):
    path = file(tmp_path, "rows.jsonl", {"body": "lovely food", "mood": "good"})
    with pytest.raises(
        DataError, match=r"it is not clear what these rows are; their fields are 'body', 'mood'; say it"
    ):
        read_records(path)
    reading = read_records(path, map={"text": "body", "label": "mood"})
    assert (reading.facts.shape, reading.records[0].label) == ("classification", "good")
    assert reading.facts.shape_told is not None
    assert "100.0% of 1 rows" in reading.facts.shape_told.en


def test_half_of_the_rows_being_something_else_is_asked_about(tmp_path):
    talk = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    path = file(tmp_path, "rows.jsonl", *[{"instruction": "a", "output": "b"}] * 5, *[talk] * 5)
    with pytest.raises(DataError, match=r"best guess is alpaca: 50.0% of 10 rows looked at; openai 50.0%"):
        read_records(path)
    reading = read_records(path, "alpaca")
    assert (len(reading.records), len(reading.listed)) == (5, 5)


def test_a_wrong_name_of_a_shape_or_field_is_told_with_the_nearest(tmp_path):
    path = file(tmp_path, "rows.jsonl", {"text": "a", "label": "b"})
    with pytest.raises(UsageError, match="did you mean 'alpaca'"):
        read_records(path, "alpca")
    with pytest.raises(DataError, match="there is no field 'lable' to be named 'label'; did you mean 'label'"):
        read_records(path, map={"label": "lable"})


def test_a_field_that_stands_in_the_way_of_a_new_name_is_kept(tmp_path):
    path = file(tmp_path, "rows.jsonl", {"text": "raw", "clean": "good food", "label": "x"})
    (record,) = read_records(path, map={"text": "clean"}).records
    assert (record.prompt, record.extra) == ("good food", {"text_": "raw"})


def test_what_stands_beside_a_row_is_kept(tmp_path):
    row = {"Instruction": "a", "OUTPUT": "b", "id": "r1", "user_id": "u7", "license": "mit", "Score": 0.50, "n": [1]}
    (record,) = read_records(file(tmp_path, "rows.jsonl", row)).records
    assert (record.id, record.group, record.about) == ("r1", "u7", {"license": "mit"})
    assert record.extra == {"Score": "0.5", "n": ["1"]}
    assert record.messages == (Message("user", "a"), Message("assistant", "b"))


def test_an_id_that_occurs_again_gets_the_place_behind_it(tmp_path):
    path = file(tmp_path, "rows.jsonl", *[{"id": "same", "text": "a", "label": "b"}] * 2)
    first, second = read_records(path).records
    assert first.id == "same"
    assert second.id == f"same@{path}:2"


def test_repairs_are_told_and_a_number_is_no_lost_answer(tmp_path):
    rows = [
        {"instruction": "add", "input": "<noinput>", "output": 4},
        {"instruction": "list", "output": {"a": [1.50]}},
        {"instruction": "x", "input": "n/a", "output": "fine"},
    ]
    reading = read_records(file(tmp_path, "rows.jsonl", *rows))
    assert [one.answer for one in reading.records] == ["4", '{"a": [1.5]}', "fine"]
    assert [row.line for row in reading.repaired] == [1, 2, 3]
    assert reading.repaired[0].reason.en == "'output' was no text: written as JSON text"
    assert reading.repaired[2].reason.en == "'input' says 'n/a': taken as empty"
    assert reading.records[2].messages[0].content == "x"


@pytest.mark.parametrize("large", [0, 10**9])
def test_awkward_files_lose_no_row_in_silence(tmp_path, large):
    rows = [
        *({"text": f"row {n}", "label": "a"} for n in range(1, 11)),
        {"text": "late column", "label": "b", "new": {"deep": [1, None]}},
        {"text": "number as label", "label": 7},
        {"text": "true as label", "label": True},
        {"text": ["a list"], "label": "a"},
        {"text": None, "label": "a"},
        {"text": "null as label", "label": None},
        r'{"text": "half a character \ud800", "label": "a"}',
        {"text": "the word null", "label": "null"},
        "null",
        "[]",
        '{"text": "NaN", "label": NaN}',
        {"text": "x" * 10_000_000, "label": "a"},
        {"label": "a", "text": "keys in another order"},
        '{"text": "torn',
    ]
    stream = stream_records(file(tmp_path, "rows.jsonl", *rows), way=Way(rows=4, large=large))
    chunks = list(stream)
    records = [one for chunk in chunks for one in chunk.records]
    listed = {row.line: row.reason.en for chunk in chunks for row in chunk.listed}
    assert len(records) + len(listed) == len(rows) == stream.facts.rows
    assert sorted(listed) == [14, 15, 16, 17, 19, 20, 21, 24]
    assert listed[17] == "'text' holds half a character (a lone surrogate)"
    assert records[10].extra == {"new": {"deep": ["1", None]}}
    assert [one.label for one in records[11:]] == ["7", "true", "null", "a", "a"]
    assert len(records[14].prompt) == 10_000_000


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_large_file_is_read_piece_by_piece_as_if_it_was_whole(tmp_path, suffix, end, monkeypatch):
    monkeypatch.setattr("taskfit.data.raw_stream.BLOCK", 97)
    if suffix == "jsonl":
        lines = [json.dumps({"text": f"第 {n} 行", "label": "x"}, ensure_ascii=False) for n in range(60)]
        lines[30] = '{"text": broken'
    else:
        lines = ["text,label", *(f'"第 {n} 行, ""quoted""\nsecond line",x' for n in range(60))]
        lines[30] = "ragged,row,here"
    newline = end or "\n"
    path = tmp_path / f"rows.{suffix}"
    path.write_bytes(("\ufeff" + newline.join(lines).replace("\n", newline) + end).encode())
    whole = read_records(path)
    stream = stream_records(path, way=Way(rows=7, large=0))
    chunks = list(stream)
    assert tuple(one for chunk in chunks for one in chunk.records) == whole.records
    assert tuple(one for chunk in chunks for one in chunk.listed) == whole.listed
    assert len(whole.records) == 59
    assert stream.facts.sha256 == whole.facts.sha256
    assert stream.facts.rows == whole.facts.rows == 60


def test_a_large_file_in_another_encoding_is_read_whole(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(("text,label\n" + "这家店的味道很好吃，我们一起去的，送餐也快,好\n" * 30).encode("gb18030"))
    stream = stream_records(path, way=Way(large=0))
    assert (len(next(iter(stream)).records), stream.facts.encoding) == (30, "gb18030")


def test_a_csv_without_a_header_keeps_its_first_row(tmp_path):
    long = "Are more people today related to Genghis Khan than to Julius Caesar, or not?"
    path = file(tmp_path, "rows.tsv", f"{long}\tyes\tbecause", "Is snow white?\tyes\tit is")
    reading = read_records(path, map={"question": "1", "answer": "2", "why": "3"})
    assert [one.prompt for one in reading.records] == [long, "Is snow white?"]
    assert (reading.facts.shape, reading.records[0].extra) == ("query_response", {"why": "because"})


def test_nothing_usable_is_an_error_with_the_rows(tmp_path):
    with pytest.raises(DataError, match=r"none of the 2 rows can be used\n.*:1: 'text' is empty"):
        read_records(file(tmp_path, "rows.jsonl", *[{"text": " ", "label": "a"}] * 2))
    with pytest.raises(DataError, match="no rows"):
        read_records(file(tmp_path, "empty.jsonl", ""))


def test_records_become_the_examples_that_training_reads(tmp_path):
    rows = {
        "alpaca": {"instruction": "a", "input": "b", "output": "c"},
        "openai": {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
        "classification": {"text": "a", "label": "b"},
        "ner": {"text": "Ada ran", "entities": [{"start": 0, "end": 3, "label": "PER"}]},
    }
    for shape, row in rows.items():
        path = file(tmp_path, f"{shape}.jsonl", row)
        (record,), (example,) = read_records(path, shape).records, read_rows(path, plain=True).examples
        assert example_of(record) == example
    assert example_of(record_of(example)) == example


def test_ten_thousand_mutated_files_are_a_benchmark_and_some_are_a_test(monkeypatch):
    path = BENCHMARKS / "fuzz_readers.py"
    spec = importlib.util.spec_from_file_location("fuzz_readers", path)
    assert spec is not None
    assert spec.loader is not None
    fuzz = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "fuzz_readers", fuzz)
    spec.loader.exec_module(fuzz)
    ends, failures = fuzz.fuzz(300, seed=7)
    assert [failure.trace for failure in failures] == []
    assert ends["read"] > 300
    assert ends["DataError"] > 300


REAL = [
    ("alpaca_seed/seed_tasks.jsonl", "seed_tasks", 175, 0),
    ("alpagasus/random_9k.json", "alpaca", 9_225, 4),
    ("banking77/test.csv", "classification", 3_080, 0),
    ("waimai_10k/waimai_10k.csv", "classification", 11_987, 0),
    ("thucnews_20k/dev.txt", "classification", 10_000, 0),
    ("trec/TREC.test.all", "classification", 500, 0),
    ("ceval/val/law_val.csv", "multiple_choice", 24, 0),
    ("llamafactory_demo/alpaca_zh_demo.json", "alpaca", 1_000, 0),
    ("llamafactory_demo/glaive_toolcall_zh_demo.json", "sharegpt", 300, 0),
    ("llamafactory_demo/v1_sft_demo.jsonl", "openai", 500, 0),
    ("llamafactory_demo/v1_dpo_demo.jsonl", "preference", 10, 0),
    ("llamafactory_pref/dpo_zh_demo.json", "sharegpt_preference", 300, 0),
    ("llamafactory_raw/c4_demo.jsonl", "text", 300, 0),
    ("llamafactory_raw/wiki_demo.txt", "text", 30, 0),
    ("oasst_zh/oaast_sft_zh.json", "alpaca", 689, 0),
    ("tang_poems/poetry_corpus.json", "text", 10_456, 0),
    ("xquad/xquad.zh.json", "squad", 1_190, 0),
    ("eval_en/boolq/test.json", "alpaca", 3_270, 0),
]


@pytest.mark.parametrize(("name", "shape", "kept", "listed"), REAL)
def test_public_files_are_recognised_and_read_whole(shared_data, name, shape, kept, listed):
    reading = read_records(shared_data / name)
    assert (reading.facts.shape, len(reading.records), len(reading.listed)) == (shape, kept, listed)


def test_every_shape_can_be_asked_for_by_name():
    assert all(shape_named(name).ROW for name in SHAPES.names())
