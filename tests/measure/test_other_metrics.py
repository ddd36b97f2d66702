"""Metrics of entities, several labels and numbers against seqeval's rule, scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, root_mean_squared_error

from taskfit.core.errors import UsageError
from taskfit.core.target import Span, names_text, number_text, spans_text
from taskfit.core.task import Task
from taskfit.data.bio import spans_of_tags
from taskfit.measure.interval import bootstrap, grouped_sample
from taskfit.measure.metric import find_metric, leading_metric

LABELS = ("价格", "food", "service, staff")
TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def several(seed, rows=150):
    random = np.random.default_rng(seed)
    gold = random.random((rows, len(LABELS))) < [0.5, 0.3, 0.2]
    answers = np.where(random.random(gold.shape) < 0.75, gold, ~gold)
    return gold, answers


def as_targets(marks):
    return [names_text(np.array(LABELS)[row].tolist()) for row in marks]


@pytest.mark.parametrize("seed", range(4))
def test_metrics_of_several_labels_equal_scikit_learn(seed):
    gold, answers = several(seed)
    ours = {
        name: find_metric(name).compute(as_targets(gold), as_targets(answers), LABELS)
        for name in ("micro_f1", "macro_f1", "subset_accuracy")
    }
    assert ours["micro_f1"] == pytest.approx(f1_score(gold, answers, average="micro"))
    assert ours["macro_f1"] == pytest.approx(f1_score(gold, answers, average="macro"))
    assert ours["subset_accuracy"] == pytest.approx(accuracy_score(gold, answers))


def test_micro_f1_of_one_label_a_row_is_the_accuracy():
    gold, answers = ["a", "b", "a", "c"], ["a", "c", "a", None]
    assert find_metric("micro_f1").compute(gold, ["a", "c", "a", "b"], "abc") == 0.5
    assert find_metric("micro_f1").compute(gold, answers, "abc") == pytest.approx(2 * 2 / (4 + 3))


@pytest.mark.parametrize("seed", range(4))
def test_metrics_of_numbers_equal_scipy_and_scikit_learn(seed):
    random = np.random.default_rng(seed)
    gold = random.integers(0, 6, 120) if seed % 2 else random.normal(2000, 3, 120).round(6)  # with and without ties
    answers = (gold + random.normal(0, 2, 120).round(seed)).round(6)
    ours = {
        name: find_metric(name).compute([*map(number_text, gold)], [*map(number_text, answers)], ())
        for name in ("pearson", "spearman", "mae", "rmse")
    }
    assert ours["pearson"] == pytest.approx(stats.pearsonr(gold, answers).statistic, abs=1e-9)
    assert ours["spearman"] == pytest.approx(stats.spearmanr(gold, answers).statistic, abs=1e-9)
    assert ours["mae"] == pytest.approx(mean_absolute_error(gold, answers))
    assert ours["rmse"] == pytest.approx(root_mean_squared_error(gold, answers))


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_a_side_that_never_changes_is_unrelated_and_unanswered_rows_count(name):
    compute = find_metric(name).compute
    assert compute(["1", "2", "3"], ["0.1", "0.1", "0.1"], ()) == 0.0
    assert compute(["1", "2", "3", "4"], ["1", "2", None, None], ()) == pytest.approx(0.5)
    assert compute(["1", "2", "3"], ["3", "2", "1"], ()) == pytest.approx(-1.0)


def test_the_interval_of_spearman_is_about_that_of_resampled_ranks():
    random = np.random.default_rng(5)
    gold = random.normal(size=250)
    answers = gold + random.normal(size=250)
    metric = find_metric("spearman")
    parts = metric.parts([*map(number_text, gold)], [*map(number_text, answers)], ())
    ours = bootstrap(grouped_sample(parts[None], None, metric.combine), resamples=4000)
    draws = [stats.spearmanr(gold[i], answers[i]).statistic for i in random.integers(0, 250, (1500, 250))]
    low, high = np.quantile(draws, [0.025, 0.975])
    # Ends of percentile intervals from 1,500 draws vary by about 0.006; first-order terms leave about 0.01.
    assert ours.low == pytest.approx(low, abs=0.02)
    assert ours.high == pytest.approx(high, abs=0.02)


@pytest.mark.parametrize("seed", range(3))
def test_entity_f1_equals_a_second_plain_count(seed):
    random = np.random.default_rng(seed)
    gold = [list(random.choice(TAGS, size=12)) for _ in range(60)]
    answers = [[tag if random.random() < 0.8 else str(random.choice(TAGS)) for tag in row] for row in gold]
    ours = find_metric("entity_f1").compute(
        [spans_text(spans_of_tags(row)) for row in gold], [spans_text(spans_of_tags(row)) for row in answers], ()
    )
    wanted, given = ({(n, *one) for n, row in enumerate(rows) for one in plainly(row)} for rows in (gold, answers))
    hits = len(wanted & given)
    precision, recall = hits / len(given), hits / len(wanted)
    assert ours == pytest.approx(2 * precision * recall / (precision + recall))


def plainly(tags):
    """Return (kind, first, last) as conlleval counts them: by looking at a word and the one before and after."""
    found, start = [], None
    for place, tag in enumerate(tags):
        before = tags[place - 1] if place else "O"
        after = tags[place + 1] if place + 1 < len(tags) else "O"
        if tag == "O":
            continue
        if tag[0] == "B" or before == "O" or before[2:] != tag[2:]:
            start = place
        if after == "O" or after[0] == "B" or after[2:] != tag[2:]:
            found.append((tag[2:], start, place))
    return found


@pytest.mark.parametrize(
    ("gold", "answer", "expected"),
    [
        ([Span(0, 5, "PER")], [Span(0, 5, "PER")], 1.0),
        ([Span(0, 5, "PER")], [Span(0, 5, "LOC")], 0.0),
        ([Span(0, 5, "PER")], [Span(0, 4, "PER")], 0.0),
        ([Span(0, 5, "PER"), Span(9, 12, "LOC")], [Span(0, 5, "PER")], 2 / 3),
        ([], [Span(0, 5, "PER")], 0.0),
    ],
)
def test_an_entity_is_right_only_with_both_ends_and_its_kind(gold, answer, expected):
    found = find_metric("entity_f1").compute([spans_text(gold)], [spans_text(answer)], ())
    assert found == pytest.approx(expected)


def test_an_error_cannot_be_the_metric_that_decides():
    with pytest.raises(UsageError, match="less is better"):
        leading_metric(Task("regress", "", (), ("mae", "pearson")))
    assert leading_metric(Task("regress", "", (), ("pearson", "mae"))).name == "pearson"
