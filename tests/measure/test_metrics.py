import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score

from taskfit.core.errors import UsageError
from taskfit.core.target import Span, spans_text
from taskfit.measure.metric import METRICS, find_metric

LABELS = ("差评", "好评", "unclear")


NUMBERS = ("pearson", "spearman", "mae", "rmse")
RANKED = ("spearman",)  # ranks depend on all rows: halves do not add up to the whole


def answers_of(seed, rows=200, metric=""):
    random = np.random.default_rng(seed)
    if metric in NUMBERS:
        gold = random.normal(size=rows).round(1)
        return [str(one) for one in gold], [str(one) for one in (gold + random.normal(size=rows)).round(1)]
    gold = random.choice(LABELS, size=rows, p=[0.6, 0.3, 0.1])
    wrong = random.choice(LABELS, size=rows)
    answers = np.where(random.random(rows) < 0.6, gold, wrong)
    if metric == "entity_f1":
        return [[spans_text([Span(0, 2, str(one))]) for one in part] for part in (gold, answers)]
    return [str(one) for one in gold], [str(one) for one in answers]


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_is_1_for_gold_answers_and_0_for_none(name):
    metric = find_metric(name)
    gold, _ = answers_of(0, metric=name)
    assert metric.compute(gold, gold, LABELS) == pytest.approx(0.0 if metric.error else 1.0)
    nothing = [metric.compute(gold, [None] * len(gold), LABELS), metric.compute([], [], LABELS)]
    assert all(map(math.isnan, nothing)) if metric.error else nothing == [0.0, 0.0]
    assert metric.about.en
    assert metric.about.zh


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_is_the_combination_of_parts_that_add_up(name):
    gold, answers = answers_of(1, metric=name)
    metric = find_metric(name)
    whole = metric.parts(gold, answers, LABELS)
    assert len(whole) == len(gold)
    assert float(metric.combine(whole.sum(axis=0))) == pytest.approx(metric.compute(gold, answers, LABELS))
    if name not in RANKED:
        half = metric.parts(gold[:90], answers[:90], LABELS).sum(axis=0)
        half = half + metric.parts(gold[90:], answers[90:], LABELS).sum(axis=0)
        assert float(metric.combine(half)) == pytest.approx(metric.compute(gold, answers, LABELS))


@pytest.mark.parametrize("name", METRICS.names())
def test_every_metric_does_not_care_for_the_order_of_rows(name):
    gold, answers = answers_of(2, metric=name)
    metric = find_metric(name)
    assert metric.compute(gold[::-1], answers[::-1], LABELS) == pytest.approx(metric.compute(gold, answers, LABELS))


@pytest.mark.parametrize("name", [name for name in METRICS.names() if not find_metric(name).corpus])
def test_row_metrics_lie_between_0_and_1_and_binary_ones_are_0_or_1(name):
    gold, answers = answers_of(3)
    metric = find_metric(name)
    values = {metric.value(a, b) for a, b in zip(gold, answers, strict=True)} | {metric.value("a b", "b c")}
    assert values <= {0.0, 1.0} if not metric.graded else all(0 <= value <= 1 for value in values)
    assert metric.value("gold", None) == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_corpus_metrics_equal_scikit_learn(seed):
    gold, answers = answers_of(seed)
    assert find_metric("macro_f1").compute(gold, answers, LABELS) == pytest.approx(
        f1_score(gold, answers, average="macro")
    )
    expected = balanced_accuracy_score(gold, answers)
    assert find_metric("balanced_accuracy").compute(gold, answers, LABELS) == pytest.approx(expected)


def test_macro_f1_leaves_out_labels_that_do_not_occur_and_counts_unreadable_answers_as_misses():
    compute = find_metric("macro_f1").compute
    assert compute(["a", "b"], ["a", "b"], ["a", "b", "never"]) == 1.0
    # a: 1 hit of 2 rows and 1 answer, F1 = 2/3; b: F1 = 1.
    assert compute(["a", "a", "b"], ["a", None, "b"], ["a", "b"]) == pytest.approx((2 / 3 + 1) / 2)
    # a wrong answer "c" is a false alarm of c: (2/3 + 1 + 0) / 3.
    assert compute(["a", "a", "b"], ["a", "c", "b"], ["a", "b", "c"]) == pytest.approx((2 / 3 + 1 + 0) / 3)


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("Paris", " paris. ", 1.0),
        ("ＡＢＣ　公司", "abc 公司", 1.0),
        ("北京。", "北京", 1.0),
        ("“北京”", "北京", 1.0),
        ("-5", "5", 0.0),
        ("Paris", "in Paris", 0.0),
        ("!", "!", 1.0),
        ("!", ".", 0.0),
        ("", "", 1.0),
        ("x", "", 0.0),
    ],
)
def test_exact_match_looks_past_case_width_spaces_and_closing_punctuation_only(gold, answer, expected):
    assert find_metric("exact_match").value(gold, answer) == expected


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ("the red shop", "red shop", 2 * 2 / 5),
        ("北京大学", "北京", 2 * 2 / 6),
        ("北京 2008 年", "2008年", 2 * 2 / 6),
        ("北京2008年", "2008", 2 * 1 / 5),
        ("3.14", "3,14", 0.0),
        ("1,000 cats.", "1,000 cats", 1.0),
        ("a a b", "a b b", 2 * 2 / 6),
        ("हिन्दी भाषा", "हिन्दी", 2 * 1 / 3),
        ("☺", "☺", 1.0),
        ("☺", "☹", 0.0),
        ("", "", 1.0),
        ("x", "", 0.0),
    ],
)
def test_char_f1_counts_chinese_by_characters_and_the_rest_by_words(gold, answer, expected):
    assert find_metric("char_f1").value(gold, answer) == pytest.approx(expected)


def test_an_unknown_metric_is_a_usage_error_with_a_suggestion():
    with pytest.raises(UsageError, match="did you mean 'accuracy'"):
        find_metric("acuracy")
