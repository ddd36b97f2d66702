"""The linear head minimises what it says: the same answer as scikit-learn's logistic regression."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from taskfit.engine.linear import fit_linear


def _rows(classes: int, rows: int = 120, width: int = 6) -> tuple[np.ndarray, list[int]]:
    drawn = np.random.default_rng(3)
    targets = [row % classes for row in range(rows)]
    centres = drawn.normal(size=(classes, width))
    features = centres[targets] + drawn.normal(size=(rows, width))
    # Columns of very different size and place, as hidden states have.
    return (features * np.array([1, 100, 0.01, 5, 1, 1]) + np.array([0, 1000, 0, -3, 0, 7])).astype(np.float32), targets


@pytest.mark.parametrize("decay", [1.0, 0.1, 1e-3])
@pytest.mark.parametrize("classes", [2, 4])
def test_equals_scikit_learn(classes: int, decay: float) -> None:
    features, targets = _rows(classes)
    ours = fit_linear(features, targets, classes, decay=decay).logits(features)
    # Mean loss + decay / 2 |W|^2 is scikit-learn's C * sum of losses + |W|^2 / 2 with C = 1 / (rows * decay). For two
    # classes it has one vector w where we have w/2 and -w/2: half the penalty, so twice the C.
    z = (features - features.mean(0, dtype=np.float64)) / features.std(0, dtype=np.float64)
    c = (2 if classes == 2 else 1) / (len(targets) * decay)
    wanted = LogisticRegression(C=c, tol=1e-8, max_iter=1000).fit(z, targets).predict_log_proba(z)
    log_p = torch.log_softmax(torch.from_numpy(ours).double(), -1).numpy()
    # Float32 features around 1,000 keep 4 digits of their spread.
    assert log_p == pytest.approx(wanted, abs=2e-3, rel=1e-3)


def test_a_class_without_rows_is_never_named() -> None:
    features, targets = _rows(2)
    logits = fit_linear(features, targets, 3, decay=1e-3).logits(features)
    assert logits.shape == (120, 3)
    assert not (logits.argmax(1) == 2).any()


def test_a_column_that_never_changes_does_no_harm() -> None:
    features, targets = _rows(3)
    still = np.concatenate([features, np.full((len(features), 1), 4.0, np.float32)], 1)
    one, other = (fit_linear(x, targets, 3, decay=0.01).logits(x) for x in (features, still))
    assert one == pytest.approx(other, abs=1e-3)


def test_rows_in_another_order_give_the_same_head() -> None:
    features, targets = _rows(3)
    order = np.random.default_rng(0).permutation(len(targets))
    one = fit_linear(features, targets, 3, decay=0.01)
    other = fit_linear(features[order], [targets[i] for i in order], 3, decay=0.01)
    assert one.logits(features) == pytest.approx(other.logits(features), abs=1e-2)
