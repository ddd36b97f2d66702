"""Agreement equals published tables and the values of scikit-learn, statsmodels and krippendorff; intervals cover."""

import numpy as np
import pytest

from taskfit.data.agreement import MISSING, agreement_of, cohen_kappa, counts_of, fleiss_kappa, krippendorff_alpha


def ratings_of(seed, *, annotators=3, items=80, classes=4, missing=0.0, right=0.7):
    draw = np.random.default_rng(seed)
    true = draw.integers(0, classes, items)
    said = np.where(draw.random((annotators, items)) < right, true, draw.integers(0, classes, (annotators, items)))
    said[draw.random(said.shape) < missing] = MISSING
    said[0, :classes] = np.arange(classes)
    return said


def test_the_table_of_fleiss_1971_as_it_is_usually_printed():
    table = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]]
    table += [[7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]]
    assert fleiss_kappa(np.array(table)) == pytest.approx(0.210, abs=0.0005)


def test_the_example_of_krippendorff_2011_with_missing_values():
    observers = (
        "1 2 3 3 2 1 4 1 2 . . .",
        "1 2 3 3 2 2 4 1 2 5 . 3",
        ". 3 3 3 2 3 4 2 2 5 1 .",
        "1 2 3 3 2 4 4 1 2 5 1 .",
    )
    ratings = np.array([[MISSING if one == "." else int(one) - 1 for one in line.split()] for line in observers])
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(ratings, level="ordinal") == pytest.approx(0.815, abs=0.0005)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("level", ["nominal", "ordinal"])
def test_alpha_equals_that_of_the_package_krippendorff(seed, level):
    theirs = pytest.importorskip("krippendorff")
    ratings = ratings_of(seed, annotators=4, missing=0.3)
    data = np.where(ratings == MISSING, np.nan, ratings.astype(float))
    assert krippendorff_alpha(ratings, level=level) == pytest.approx(
        theirs.alpha(reliability_data=data, level_of_measurement=level)
    )


@pytest.mark.parametrize("seed", range(4))
def test_kappas_equal_those_of_scikit_learn_and_statsmodels(seed):
    from sklearn.metrics import cohen_kappa_score

    theirs = pytest.importorskip("statsmodels.stats.inter_rater")
    one, other, third = ratings_of(seed)
    assert cohen_kappa(one, other) == pytest.approx(cohen_kappa_score(one, other))
    assert cohen_kappa(one, other, level="ordinal") == pytest.approx(cohen_kappa_score(one, other, weights="quadratic"))
    counts = counts_of(np.stack((one, other, third)), 4)
    assert fleiss_kappa(counts) == pytest.approx(theirs.fleiss_kappa(counts))


def test_perfect_agreement_is_one_and_guessing_is_none():
    same = np.array([[0, 1, 2, 1], [0, 1, 2, 1]])
    assert cohen_kappa(*same) == fleiss_kappa(counts_of(same, 3)) == krippendorff_alpha(same) == 1
    constant = np.zeros((2, 5), np.int64)
    assert cohen_kappa(*constant) == fleiss_kappa(counts_of(constant, 1)) == krippendorff_alpha(constant) == 1
    guessed = np.random.default_rng(1).integers(0, 2, (2, 4000))
    assert cohen_kappa(*guessed) == pytest.approx(0, abs=0.05)


def test_unequal_numbers_of_annotators_are_refused_by_fleiss():
    with pytest.raises(ValueError, match="same number"):
        fleiss_kappa(np.array([[2, 0], [1, 0]]))


def test_the_coefficient_fits_the_table():
    assert agreement_of(ratings_of(1)[:2]).name == "Cohen's kappa"
    assert agreement_of(ratings_of(1)).name == "Fleiss' kappa"
    assert agreement_of(ratings_of(1, missing=0.2)).name == "Krippendorff's alpha"
    assert agreement_of(ratings_of(1), level="ordinal").name == "Krippendorff's alpha"


def test_intervals_cover_the_agreement_of_many_items():
    true = agreement_of(ratings_of(0, items=20_000)[:2]).value
    found = [agreement_of(ratings_of(seed, items=150)[:2], seed=seed) for seed in range(40)]
    covered = sum(one.low <= true <= one.high for one in found)
    # 95 % of 40 is 38; fewer than 34 has a probability below 2 %.
    assert covered >= 34
