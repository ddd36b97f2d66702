"""Recipes: read with the line of every mistake, and run without losing a row in silence."""

import pytest

from taskfit.core.errors import UsageError
from taskfit.core.example import Message, Origin
from taskfit.data.checking import Means
from taskfit.data.recipe import read_recipe, run_recipe
from taskfit.data.record import Record


def rows(*texts: str) -> list[Record]:
    return [
        Record(f"r{n}", Origin("f.jsonl", n), (Message("user", text), Message("assistant", "ok")))
        for n, text in enumerate(texts, 1)
    ]


def recipe(tmp_path, text):
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return read_recipe(path)


def test_steps_run_in_their_order_and_each_tells_what_it_did(tmp_path):
    steps = recipe(tmp_path, "steps:\n- normalise: {spaces: true}\n- drop_duplicates\n- sample: {rows: 1}\n")
    heard = []
    mended = run_recipe(rows("a  b", "a b", "c"), steps, Means(), lambda name, number: heard.append((name, number)))
    assert heard == [("normalise", 0), ("drop_duplicates", 1), ("sample", 2)]
    assert [(one.name, one.before, one.after, one.count("changed"), one.count("dropped")) for one in mended.done] == [
        ("normalise", 3, 3, 1, 0),
        ("drop_duplicates", 3, 2, 0, 1),
        ("sample", 2, 1, 0, 1),
    ]
    assert mended.done[0].entries[0].place == "f.jsonl:1"
    assert (mended.done[0].entries[0].before, mended.done[0].entries[0].after) == ("a b", "a b")


def test_all_mistakes_of_a_recipe_are_told_with_their_lines(tmp_path):
    with pytest.raises(UsageError) as raised:
        recipe(tmp_path, "stepz: 1\nsteps:\n- drop_dupli\n- sample: {rows: 0}\n- cap_group\n- [a]\n- shuffle: 3\n")
    told = str(raised.value)
    for line in (1, 3, 4, 5, 6, 7):
        assert f"recipe.yaml:{line}: " in told
    assert "drop_duplicates" in told
    assert "'steps.2.cap_group.most' is missing" in told


def test_a_recipe_without_steps_says_how_to_write_them(tmp_path):
    with pytest.raises(UsageError, match="there are no steps; write `steps:`"):
        recipe(tmp_path, "step: 1\n")


def test_a_recipe_may_have_nothing_to_do(tmp_path):
    for empty in ("steps: []\n", "steps:\n"):
        assert run_recipe(rows("a"), recipe(tmp_path, empty), Means()).done == ()


def test_a_step_that_needs_a_model_says_so_before_anything_runs(tmp_path):
    steps = recipe(tmp_path, "steps:\n- drop_duplicates\n- drop_long: {tokens: 10}\n")
    with pytest.raises(UsageError, match="drop_long: counts tokens: name a model"):
        run_recipe(rows("a"), steps, Means(), lambda name, number: pytest.fail(name))
