"""`taskfit data build`: labelled rows to instruction rows and back, and templates of others."""

import csv
import json

import pytest

from taskfit.app.data.build import build_rows
from taskfit.app.data.build_settings import BuildSettings
from taskfit.core.errors import UsageError
from taskfit.core.files import read_lines
from taskfit.data.read_records import read_records


@pytest.fixture
def rows(tmp_path):
    path = tmp_path / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["text", "label"])
        lines.writerows([f'{"好吃，" if n % 2 else "cold, "}dish {n}: "fine"', str(n % 2)] for n in range(40))
    return path


def said(path):
    return [(one.prompt, one.label) for one in read_records(path).records]


def test_labelled_rows_come_back_from_instruction_rows(rows, tmp_path):
    out, again = tmp_path / "out.jsonl", tmp_path / "back.csv"
    settings = {"labels": {"1": "positive", "0": "negative"}, "labels_zh": {"1": "好评", "0": "差评"}}
    made = build_rows(
        str(rows), BuildSettings(out=str(out), template_lang="both", per_row="all", inverted=True, **settings)
    )
    assert made.tasks == ("classification",)
    assert made.written["instruction"].rows == 40 * sum(1 for _ in made.used)
    answers = {row["output"] for row in read_lines(out)}
    assert {"positive", "negative", "好评", "差评"} <= answers
    # The labels' words stand in the manifest, so that nothing has to be told again.
    returned = build_rows(str(out), BuildSettings(out=str(again), back=True))
    assert not returned.entries
    assert said(again) == said(rows)


def test_one_corpus_in_three_forms(rows, tmp_path):
    made = build_rows(str(rows), BuildSettings(out=str(tmp_path / "out.jsonl"), form="all"))
    assert {form: one.rows for form, one in made.written.items()} == {"instruction": 40, "text": 40, "head": 40}
    text = next(iter(made.rows["text"]))
    assert text.kind == "text"
    assert made.rows["head"][0].label == "0"
    asked = made.rows["instruction"][0]
    assert asked.prompt in (text.text or "")
    assert asked.answer in (text.text or "")


def test_templates_of_promptsource_are_read(rows, tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(
        "dataset: x\ntemplates:\n  a-b: !Template\n    answer_choices: bad ||| good\n    id: a-b\n"
        "    jinja: 'Is this good? {{ text }} ||| {{ answer_choices[label] }}'\n    name: good_or_bad\n    reference: ''\n",
        encoding="utf-8",
    )
    made = build_rows(str(rows), BuildSettings(templates=str(own)))
    assert made.rows["instruction"][0].prompt == 'Is this good? cold, dish 0: "fine"'
    assert [one.answer for one in made.rows["instruction"][:2]] == ["bad", "good"]


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }} ||| x",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %} ||| x",
    ],
)
def test_templates_that_reach_out_or_never_end_are_refused(rows, tmp_path, source):
    own = tmp_path / "own.yaml"
    body = json.dumps(source)
    own.write_text(f"templates:\n  - name: evil\n    jinja: {body}\n", encoding="utf-8")
    with pytest.raises(UsageError):
        build_rows(str(rows), BuildSettings(templates=str(own)))


def test_wrong_words_for_labels_are_told(rows):
    with pytest.raises(UsageError, match="no row has the label 'positve'"):
        build_rows(str(rows), BuildSettings(labels={"positve": "good"}))


@pytest.mark.parametrize(
    ("file", "task"),
    [
        ("xquad/xquad.zh.json", "reading"),
        ("xquad/xquad.en.json", "reading"),
        ("waimai_10k/waimai_10k.csv", "classification"),
        ("banking77/test.csv", "classification"),
    ],
)
def test_real_rows_become_instructions(shared_data, file, task, tmp_path):
    made = build_rows(str(shared_data / file), BuildSettings())
    assert made.tasks == (task,)
    assert len(made.rows["instruction"]) + len(made.entries) + len(made.listed) == made.read
    assert len(made.entries) < 0.02 * made.read
