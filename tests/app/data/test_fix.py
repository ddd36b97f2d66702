"""`taskfit data fix`: a new version with ledger and manifest, and nothing lost in silence."""

import json

import pytest

from taskfit.app.data.fix import FixSettings, fix
from taskfit.core.errors import UsageError
from taskfit.core.files import read_lines, sha256

ROWS = [
    {"instruction": "Name a colour", "input": "<noinput>", "output": "red"},
    {"instruction": "name a colour!", "input": "", "output": "Red."},
    {"instruction": "Sing", "input": "", "output": "As an AI language model, I cannot sing."},
    {"instruction": "Count to three", "output": "one two three", "note": "kept"},
    {"instruction": "Broken", "output": ""},
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return path


def test_a_new_version_is_written_with_its_ledger_and_manifest(file, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("steps:\n- fill_placeholders\n- drop_refusals\n", encoding="utf-8")
    out = tmp_path / "new.jsonl"
    found = fix(str(file), FixSettings(recipe=str(recipe), out=str(out)), ("drop_duplicates: {similar: 1.0}",))
    assert found.counts == {"read": 5, "listed": 1, "changed": 0, "dropped": 2, "repeated": 0, "left": 2}
    rows = list(read_lines(out))
    assert [row["output"] for row in rows] == ["red", "one two three"]
    assert rows[1]["note"] == "kept"
    ledger = list(read_lines(found.written.ledger))
    assert [(one["step"], one["what"], one["place"].rsplit(":")[-1]) for one in ledger] == [
        ("drop_refusals", "dropped", "3"),
        ("drop_duplicates", "dropped", "2"),
    ]
    assert all(one["reason"]["en"] and one["reason"]["zh"] for one in ledger)
    manifest = json.loads(found.written.manifest.read_text("utf-8"))
    assert manifest["parent"] == {"file": "rows.jsonl", "sha256": sha256(file)}
    assert manifest["sha256"] == sha256(out)
    assert manifest["step"]["recipe"] == [{"fill_placeholders": {}}, {"drop_refusals": {}}, {"drop_duplicates": {}}]


def test_a_version_made_of_a_version_names_its_rows(file, tmp_path):
    first, second = (str(tmp_path / f"{name}.jsonl") for name in "ab")
    fix(str(file), FixSettings(out=first), ("drop_refusals",))
    again = fix(first, FixSettings(out=second), ("shuffle",))
    parent = json.loads((tmp_path / "a.jsonl.manifest.json").read_text("utf-8"))
    manifest = json.loads(again.written.manifest.read_text("utf-8"))
    assert manifest["parent"]["dataset"] == parent["dataset"]
    # The name of a set of rows does not depend on their order.
    assert manifest["dataset"] == parent["dataset"]


def test_without_out_nothing_is_written(file, tmp_path):
    before = sorted(tmp_path.iterdir())
    assert fix(str(file), FixSettings(), ("drop_refusals",)).written is None
    assert sorted(tmp_path.iterdir()) == before


def test_the_rows_themselves_are_never_replaced(file):
    content = file.read_bytes()
    with pytest.raises(UsageError, match="never replaces"):
        fix(str(file), FixSettings(out=str(file)), ("drop_refusals",))
    assert file.read_bytes() == content


def test_rows_that_the_format_cannot_hold_stand_in_the_ledger(tmp_path):
    talk = tmp_path / "talk.jsonl"
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    unanswered = [*turns, turns[0]]
    talk.write_text("".join(json.dumps({"messages": one}) + "\n" for one in (turns, unanswered)), encoding="utf-8")
    out = tmp_path / "out.jsonl"
    found = fix(str(talk), FixSettings(out=str(out), to="prompt_completion"), ("drop_empty",))
    assert (found.written.rows, len(found.written.unwritten)) == (1, 1)
    assert len(list(read_lines(found.written.ledger))) == len(found.written.unwritten)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ((), "no recipe and no step"),
        (("drop_refuse",), "--step: there is no step 'drop_refuse'; did you mean"),
        (("sample: {rows: x}",), "steps.0.sample.rows"),
    ],
)
def test_wrong_steps_are_told_before_the_rows_are_read(steps, told):
    with pytest.raises(UsageError, match=told):
        fix("no-such-file.jsonl", FixSettings(), steps)


def test_a_model_counts_and_scores_where_a_step_wants_it(file, tmp_path):
    found = fix(str(file), FixSettings(model="tiny"), ("keep_best: {by: ifd, share: 0.5}", "drop_long: {tokens: 4}"))
    assert [one.name for one in found.mended.done] == ["keep_best", "drop_long"]
    assert (found.mended.done[0].after, found.mended.done[1].after) == (2, 0)
    assert all(entry.reason.en.startswith("ifd ") for entry in found.mended.done[0].entries)
    with pytest.raises(UsageError, match="keep_best: needs losses: name a model"):
        fix(str(file), FixSettings(), ("keep_best",))
