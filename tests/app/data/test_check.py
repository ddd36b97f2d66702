"""Files are checked together: every row is used or listed, findings come worst first, the page holds no script."""

import json
import re
from dataclasses import replace

import pytest

from doctor_rows import word
from taskfit.app.data.check import CheckSettings, check
from taskfit.app.data.check_page import check_page
from taskfit.app.data.check_words import as_json, fix_line, recipe_text, verdict
from taskfit.app.data.means import losses_of, vectors_of
from taskfit.core.errors import DataError, UsageError
from taskfit.core.text import speak
from taskfit.core.yaml import parse_yaml
from taskfit.data.recipe import steps_of

EVIL = '<script>alert(1)</script><img src=x onerror="x"> \u202e sk-abcdefghijklmnopqrstuvwxyz123456'


def write(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def instructions(count=60, start=0):
    things = ("river", "lamp", "桥梁", "stone", "信件", "window", "森林")
    return [
        {
            "instruction": f"Explain what a {word(n)} {things[n % 7]} of {word(n + 500)} does for {word(n + 900)}.",
            "input": "",
            "output": f"It {word(n + 300)}s the {things[(n + 3) % 7]}, as everybody in {word(n + 700)} knows.",
        }
        for n in range(start, start + count)
    ]


@pytest.fixture
def dirty(tmp_path):
    rows = instructions()
    rows += [
        rows[0],
        {"instruction": "Feel.", "input": "", "output": "As an AI language model, I have no feelings."},
        {"instruction": "Taste it.", "input": "", "output": "I am an AI, I cannot taste."},
        {"instruction": "Name one.", "input": "<noinput>", "output": EVIL},
        {"instruction": "Say.", "input": "", "output": ""},
    ]
    return write(tmp_path / "dirty.jsonl", rows)


def test_clean_rows_are_called_clean(tmp_path):
    # All these rows are made from one sentence, which is meant here.
    settings = CheckSettings(set={"instruction_pool.warn": "1"})
    found = check((write(tmp_path / "clean.jsonl", instructions()),), settings)
    assert [one.id for one in found.findings if one.severity != "info"] == []
    assert (found.blocking, found.first, found.steps) == ((), (), [])
    assert verdict(found).en == "60 rows: nothing stands in the way of training"


def test_rows_in_are_rows_used_and_listed(dirty):
    found = check((dirty,), CheckSettings())
    assert (found.rows, found.listed) == (64, 1)
    ids = {one.id: one for one in found.findings}
    assert ids["unusable"].places == (f"{dirty}:65",)
    assert ids["exact_copies"].places == (f"{dirty}:61",)
    order = ["block", "warn", "info"]
    assert sorted(found.findings, key=lambda one: order.index(one.severity)) == list(found.findings)
    assert all(one.check for one in found.findings)


def test_files_are_taken_together(tmp_path):
    one = write(tmp_path / "one.jsonl", instructions(30))
    other = write(tmp_path / "other.jsonl", [*instructions(30, 30), *instructions(3)])
    found = check((one, other), CheckSettings())
    copies = next(one for one in found.findings if one.id == "exact_copies")
    assert (found.rows, copies.places) == (63, tuple(f"{other}:{line}" for line in (31, 32, 33)))


def test_test_rows_in_training_rows_are_found(tmp_path):
    train = write(tmp_path / "train.jsonl", instructions(60))
    test = write(tmp_path / "test.jsonl", [*instructions(20, 100), *instructions(2)])
    found = check((train,), CheckSettings(test=test))
    assert any("leak" in one.id for one in found.findings)
    assert "leaked_test" in check((train,), CheckSettings()).not_run


def test_accepted_findings_do_not_block(tmp_path):
    lines = "".join(json.dumps(row) + "\n" for row in instructions(60))
    path = tmp_path / "torn.jsonl"
    path.write_text(lines + '{"instruction": "tor\n')
    assert [one.id for one in check((str(path),), CheckSettings()).blocking] == ["broken"]
    found = check((str(path),), CheckSettings(accept=("broken",)))
    assert found.blocking == ()
    assert found.findings[0].id == "broken"


def test_mistakes_of_the_user_are_told(tmp_path):
    path = write(tmp_path / "rows.jsonl", instructions())
    with pytest.raises(UsageError, match="did you mean 'repetition'"):
        check((path,), CheckSettings(set={"repetitoin.grams": "0.4"}))
    with pytest.raises(UsageError, match="need a model"):
        check((path,), CheckSettings(length=512))
    with pytest.raises(DataError, match="no such file"):
        check((str(tmp_path / "absent.jsonl"),), CheckSettings())


def test_a_model_counts_tokens_and_tries_its_template(tmp_path):
    rows = [*instructions(20), {"instruction": "word " * 700, "input": "", "output": "Lost."}]
    found = check((write(tmp_path / "rows.jsonl", rows),), CheckSettings(model="tiny"))
    ids = {one.id: one for one in found.findings}
    assert ids["answer_lost"].count == 1
    assert "template_mismatch" not in ids
    assert "template_round_trip" not in found.not_run


def test_the_recipe_is_read_by_taskfit_data_fix(dirty, tmp_path):
    found = check((dirty,), CheckSettings())
    text = recipe_text(found)
    steps = [one.name for one in steps_of(parse_yaml(text, tmp_path / "recipe.yaml"))]
    assert "drop_duplicates" in steps
    assert "# - drop_refusals" in text
    assert "drop_refusals" not in steps


def test_json_holds_all_and_no_secret(dirty):
    told = json.dumps(as_json(check((dirty,), CheckSettings())), ensure_ascii=False, allow_nan=False)
    assert "sk-abcdefghij" not in told
    assert json.loads(told)["rows"] == {"used": 64, "listed": 1, "repaired": 1, "kinds": {"talk": 64}}
    assert {"id", "severity", "what", "rule", "examples", "fix", "count", "share"} <= set(
        json.loads(told)["findings"][0]
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_holds_no_script_and_shows_data_as_text(dirty, language):
    page = check_page(check((dirty,), CheckSettings()), language)
    assert "<script" not in page
    assert "<img" not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "\u202e" not in page
    assert "sk-abcdefghij" not in page
    assert f'<html lang="{language}">' in page
    assert "Content-Security-Policy" in page
    for one in ("Do these first", "请先做这些", "refusals"):
        assert one in page


def test_long_lists_of_ids_are_cut_in_a_line(dirty):
    found = check((dirty,), CheckSettings())
    finding = found.findings[0]
    many = {"drop_rows": {"ids": [f"f:{n}" for n in range(500)]}}
    assert fix_line(replace(finding, fix=many)) == "drop_rows: {ids: [500 in all, see --out]}"
    speak("zh")
    assert "500" in fix_line(replace(finding, fix=many))


def test_a_model_gives_losses_and_an_encoder_vectors():
    losses = losses_of("tiny")([("Where is the shop?", "in the town"), ("", "in the town"), ("word " * 900, "yes")])
    assert all(one > 0 for one in losses)
    assert losses[0] != losses[1]
    vectors = vectors_of("tiny")(["a shop", "a shop", "城镇"])
    assert vectors.shape[0] == 3
    assert (vectors[0] == vectors[1]).all()
    assert (vectors[0] != vectors[2]).any()
