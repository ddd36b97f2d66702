import json
import math

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from taskfit.core.errors import DataError
from taskfit.core.example import Example, Message, Origin
from taskfit.core.files import to_json
from taskfit.core.measurement import ScoredPrediction
from taskfit.core.prediction import Prediction, Story, Trial
from taskfit.core.task import Label, Task
from taskfit.measure.interval import wilson
from taskfit.measure.measure import measure, score_rows

LABELS = ("差评", "好评", "其他")
TASK = Task("classify", "判断", tuple(Label(name, name) for name in LABELS), ("accuracy", "macro_f1"))
OPEN = Task("answer", "answer", (), ("char_f1", "exact_match"))


def examples_of(golds, groups=None):
    return [
        Example(f"f:{i}", (Message("user", f"text {i}"),), gold, Origin("f", i), groups[i] if groups else None)
        for i, gold in enumerate(golds)
    ]


def scored(golds, answers, *, task=TASK, seed=0, groups=None):
    examples = examples_of(golds, groups)
    predictions = [Prediction(one.id, answer) for one, answer in zip(examples, answers, strict=True)]
    return score_rows(examples, predictions, task, seed=seed)


def measured(rows, task=TASK, **more):
    given = {"method": "lora", "settings": {"rank": 8}, "story": Story()} | more
    return measure("lora", rows, task, **given)


def random_rows(seed, rows=120, share=0.7):
    random = np.random.default_rng(0)
    golds = [str(one) for one in random.choice(LABELS, rows)]
    random = np.random.default_rng(seed + 1)
    answers = [gold if random.random() < share else str(random.choice(LABELS)) for gold in golds]
    return scored(golds, answers, seed=seed)


def test_rows_are_scored_in_the_order_of_the_examples_with_their_evidence():
    examples = examples_of(["好评", "差评"], ["u1", "u2"])
    predictions = [
        Prediction("f:1", "好评", {"好评": -0.1}, 5, 1, 2.0, 0.5, ("f:9",), "the prompt", ""),
        Prediction("f:0", None, problem="no label in the answer"),
    ]
    first, second = score_rows(examples, predictions, TASK, seed=3)
    assert first == ScoredPrediction("f:0", "text 0", "好评", None, None, 3, "u1", problem="no label in the answer")
    assert second == ScoredPrediction(
        "f:1", "text 1", "差评", "好评", 0.0, 3, "u2", {"好评": -0.1}, 5, 1, 2.0, 0.5, ("f:9",), "the prompt"
    )


def test_rows_of_a_graded_metric_have_values_in_between_and_of_a_corpus_metric_0_or_1():
    assert scored(["a b"], ["b c"], task=OPEN)[0].value == pytest.approx(0.5)
    macro = Task("classify", "", TASK.labels, ("macro_f1",))
    assert [one.value for one in scored(["好评", "差评"], ["好评", "好评"], task=macro)] == [1.0, 0.0]


def test_all_mismatches_of_ids_are_refused_at_once():
    examples = examples_of(["好评", "差评", "其他"])
    predictions = [Prediction("f:0", "好评"), Prediction("f:0", "好评"), Prediction("f:7", "好评")]
    with pytest.raises(DataError) as told:
        score_rows(examples, predictions, TASK, seed=0)
    lines = str(told.value).splitlines()
    assert lines == [
        "1 examples were predicted more than once, such as f:0",
        "2 examples have no prediction, such as f:1",
        "1 predictions are of no example, such as f:7",
    ]


def test_missing_and_strange_gold_answers_are_refused_with_their_places():
    examples = examples_of([None, "nice", "好评"])
    with pytest.raises(DataError) as told:
        score_rows(examples, [Prediction(one.id, "好评") for one in examples], TASK, seed=0)
    assert [finding.where for finding in told.value.findings] == ["f:0", "f:1"]
    assert "'nice' is no label of the task; use one of: 差评, 好评, 其他" in str(told.value)


def test_one_seed_gets_wilson_for_accuracy_and_the_bootstrap_for_macro_f1():
    rows = random_rows(0)
    found = measured(rows)
    right = sum(row.value or 0 for row in rows)
    assert list(found.metrics) == ["accuracy", "macro_f1"]
    assert found.metrics["accuracy"] == wilson(right, 120)
    assert found.metrics["macro_f1"].how == "bootstrap over rows"
    assert found.metrics["macro_f1"].low < found.metrics["macro_f1"].estimate < found.metrics["macro_f1"].high
    assert found.seed_values == (pytest.approx(right / 120),)


def test_several_seeds_get_the_two_way_bootstrap_of_their_mean():
    rows = random_rows(0) + random_rows(1) + random_rows(5)
    found = measured(rows)
    assert found.seeds == (0, 1, 5)
    assert found.rows == 120
    assert found.metrics["accuracy"].how == "bootstrap over rows and seeds"
    assert found.metrics["accuracy"].estimate == pytest.approx(np.mean(found.seed_values))
    assert len(set(found.seed_values)) > 1


def test_groups_widen_the_interval():
    golds, answers = ["好评"] * 400, (["好评"] * 20 + ["差评"] * 20) * 10
    loose = measured(scored(golds, answers)).metrics["accuracy"]
    whole = measured(scored(golds, answers, groups=[str(i // 20) for i in range(400)])).metrics["accuracy"]
    assert whole.high - whole.low > 2 * (loose.high - loose.low)


def test_all_right_under_three_seeds_still_leaves_a_doubt():
    rows = [row for seed in range(3) for row in scored(["好评"] * 50, ["好评"] * 50, seed=seed)]
    assert measured(rows).metrics["accuracy"] == wilson(50, 50)


def test_a_single_row_can_be_measured():
    found = measured(scored(["好评"], ["差评"]))
    assert found.metrics["accuracy"].estimate == 0.0
    assert found.metrics["accuracy"].high > 0.7


def test_unscored_rows_count_as_wrong_and_are_counted_on_their_own():
    rows = scored(["好评", "差评"], [None, "差评"]) + scored(["好评", "差评"], [None, None], seed=1)
    found = measured(rows)
    assert found.unscored == 2
    assert found.metrics["accuracy"].estimate == pytest.approx(0.25)
    assert found.confusion is not None
    assert sum(line[-1] for line in found.confusion.counts) == 3


def test_classes_equal_scikit_learn_and_the_confusion_adds_up():
    rows = random_rows(2)
    found = measured(rows)
    golds, answers = [row.gold for row in rows], [row.answer for row in rows]
    expected = precision_recall_fscore_support(golds, answers, labels=LABELS)
    for place, one in enumerate(found.classes):
        assert one.label == LABELS[place]
        assert (one.precision, one.recall, one.f1, one.support) == pytest.approx(
            [float(part[place]) for part in expected]
        )
    assert found.confusion is not None
    assert [sum(line) for line in found.confusion.counts] == [golds.count(label) for label in LABELS]


def test_support_counts_rows_once_however_many_seeds():
    rows = random_rows(0) + random_rows(1)
    assert sum(one.support for one in measured(rows).classes) == 120


def test_open_tasks_have_no_confusion():
    found = measured(scored(["a b", "北京"], ["b", "北京市"], task=OPEN), OPEN)
    assert found.confusion is None
    assert found.classes == ()
    assert found.metrics["char_f1"].how == "bootstrap over rows"
    assert found.metrics["exact_match"].how == "Wilson"


def test_what_is_given_is_handed_on():
    trial = Trial({"lr": 1e-4}, 0.8, chosen=True)
    story = Story(trials=(trial,), remarks=({"en": "x", "zh": "y"},))
    found = measured(random_rows(0), story=story)
    assert (found.trials, found.remarks) == ((trial,), story.remarks)
    assert (found.rung, found.method, found.settings) == ("lora", "lora", {"rank": 8})


def test_a_measurement_is_strict_json():
    golds = ["好评", "差评"] * 20
    examples = examples_of(golds)
    predictions = [Prediction(one.id, "好评", {"好评": 0.0, "差评": -math.inf, "其他": -math.inf}) for one in examples]
    found = measured(score_rows(examples, predictions, TASK, seed=0))
    assert found.calibration is not None
    assert json.loads(to_json(found))["metrics"]["accuracy"]["estimate"] == 0.5


def test_rows_of_another_task_are_refused():
    with pytest.raises(DataError, match="no labels of the task: 好评"):
        measured(scored(["好评"], ["好评"]), Task("classify", "", (Label("a", "a"),), ("accuracy",)))


def test_rows_in_another_order_give_the_same_measurement():
    rows = random_rows(0) + random_rows(1)
    assert measured(rows[::-1]).metrics == measured(rows).metrics
