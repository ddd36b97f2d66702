"""Probabilities of labels from a simple classifier that has not seen the row: TF-IDF and logistic regression."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from taskfit.data.features import tf_idf
from taskfit.data.normal import keys_of, normals

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FOLDS, FEW_FOLDS, MANY_CLASSES = 5, 3, 20
# Of 1, 3 and 10 the best on TREC and Banking77 with planted errors; rows have a length of about 1.7.
STRENGTH = 3.0

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


def out_of_fold(texts: Sequence[str], labels: Numbers, *, threads: int = 2) -> Floats:
    """Return the probability of each class for each text, [texts, classes], by classifiers trained on other folds.

    `labels` are numbers from 0; every class needs as many rows as there are folds (5, or 3 with more than 20
    classes). Equal texts are in one fold, so that no row is judged by its copy. The classes are not weighted.
    """
    count = int(labels.max()) + 1
    folds = fold_of(texts, labels, FOLDS if count <= MANY_CLASSES else FEW_FOLDS)
    table = tf_idf(texts)
    found = np.zeros((len(texts), count))

    def fill(fold: int) -> None:
        inside = folds == fold
        found[inside] = _probabilities(table[~inside], labels[~inside], table[inside], count)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(fill, range(int(folds.max()) + 1)))
    return found


def fold_of(texts: Sequence[str], labels: Numbers, folds: int) -> Numbers:
    """Return the fold of each text: the classes are spread evenly, equal texts are together, the order means nothing."""
    keys = keys_of(normals(texts))
    order = np.lexsort((keys, labels))
    firsts = {key: place for place, key in reversed(list(enumerate(keys[order].tolist())))}
    rank = {key: number for number, key in enumerate(sorted(firsts, key=firsts.__getitem__))}
    return np.array([rank[key] % folds for key in keys.tolist()], np.int64)


def separability(texts: Sequence[str], labels: Numbers) -> float:
    """Return how well two sets of texts can be told apart: the area under the ROC curve, out of fold; 0.5 is not at all."""
    return auc(out_of_fold(texts, labels)[:, 1], labels == 1)


def auc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the area under the ROC curve: how often a positive row has the higher score, ties by half."""
    values, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[where] if len(values) else scores
    ones, zeros = int(positive.sum()), int((~positive).sum())
    if not ones or not zeros:
        return 0.5
    return float((ranks[positive].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def _probabilities(known: "csr_array", labels: Numbers, asked: "csr_array", count: int) -> Floats:
    """Return one-against-the-rest probabilities, scaled to sum to 1; a class that is not known gets 0."""
    from sklearn.linear_model import LogisticRegression

    found = np.zeros((asked.shape[0], count))
    present = np.unique(labels)
    if len(present) < 2:
        found[:, present] = 1.0
        return found
    for label in present if len(present) > 2 else present[1:]:
        one = LogisticRegression(C=STRENGTH, solver="liblinear", dual=True, tol=0.1, random_state=0)
        found[:, label] = one.fit(known, labels == label).predict_proba(asked)[:, 1]
    if len(present) == 2:
        found[:, present[0]] = 1 - found[:, present[1]]
    scaled: Floats = found / found.sum(axis=1, keepdims=True)
    return scaled
