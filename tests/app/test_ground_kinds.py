"""From files of entities, labels in one cell and numbers to rows a climb can stand on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tagged_rows import rows as made
from taskfit.app.ground import Rows, rows_of
from taskfit.app.settings import ClimbSettings
from taskfit.core.errors import UsageError
from taskfit.core.prediction import Prediction, Story
from taskfit.core.target import names_of, spans_of
from taskfit.measure.measure import measure, score_rows


def ground(folder: Path, name: str, text: str, **task: Any) -> Rows:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return rows_of(ClimbSettings.read({"rows": str(path), "task": task, "rungs": ["full"]}))


def test_entities_are_recognised_and_measured_kind_by_kind(tmp_path: Path) -> None:
    lines = [{"text": one.text, "entities": json.loads(one.target or "")} for one in made("tag", 80)]
    found = ground(tmp_path, "rows.jsonl", "\n".join(json.dumps(line) for line in lines))
    assert found.task.kind == "tag"
    assert found.task.label_names == ("person", "town")
    assert found.task.metrics == ("entity_f1",)
    right = [Prediction(one.id, one.target) for one in found.splits.test]
    scored = score_rows(found.splits.test, right, found.task, seed=0)
    result = measure("gold", scored, found.task, method="full", settings={}, story=Story())
    assert result.metrics["entity_f1"].estimate == 1.0
    assert [(one.label, one.f1) for one in result.classes] == [("person", 1.0), ("town", 1.0)]
    people = [span for one in found.splits.test for span in spans_of(one.target or "") or () if span.label == "person"]
    assert result.classes[0].support == len(people)
    assert result.confusion is None


def test_labels_in_one_cell_are_several_when_the_task_says_so(tmp_path: Path) -> None:
    text = "text,label\n" + "".join(
        f"{one.text},{'|'.join(names_of(one.target or '') or ()) or '[]'}\n" for one in made("multilabel", 80)
    )
    found = ground(tmp_path, "rows.csv", text, kind="multilabel")
    assert found.task.label_names == ("animal", "thing", "动作")
    assert all(found.task.why_no_target(one.target or "") is None for one in found.splits.train)


def test_numbers_are_read_and_rows_without_one_are_listed(tmp_path: Path) -> None:
    text = "text,label\n" + "".join(f"{one.text},{one.target}\n" for one in made("regress", 80)) + "no number,many\n"
    found = ground(tmp_path, "rows.csv", text, kind="regress")
    assert found.task.kind == "regress"
    assert found.task.labels == ()
    assert [row.excerpt for row in found.listed] == ["many"]
    with pytest.raises(UsageError, match="less is better"):
        ground(tmp_path, "rows.csv", text, kind="regress", metrics=["rmse"])


def test_parquet_holds_lists_too(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    from taskfit.data.read import read_rows

    some = made("tag", 3)
    table = pyarrow.table(
        {"text": [one.text for one in some], "entities": [json.loads(one.target or "") for one in some]}
    )
    parquet.write_table(table, tmp_path / "rows.parquet")
    assert [one.target for one in read_rows(tmp_path / "rows.parquet").examples] == [one.target for one in some]
