"""Forgetting as statistics: hand values, identities, coverage of the intervals, what counts as lost."""

import numpy as np
import pytest

from taskfit.core.measurement import Forgetting, Interval, Probe
from taskfit.measure.forgetting import (
    cka_interval,
    cosines,
    elsewhere,
    for_limits,
    is_lost,
    linear_cka,
    lost,
    mean_per_token,
    skill_change,
)

RANDOM = np.random.default_rng(0)


def probe(kind: str, estimate: float, low: float, high: float, name: str = "") -> Probe:
    return Probe(name or kind, kind, 1.0, 1.0 + estimate, Interval(estimate, low, high), 10)  # type: ignore[arg-type]


def test_a_mean_per_token_weighs_texts_by_their_tokens() -> None:
    found = mean_per_token(np.array([2.0, 9.0]), np.array([1.0, 3.0]))
    assert found.estimate == 11 / 4
    assert found.low < found.estimate < found.high
    alike = mean_per_token(np.array([2.0, 6.0]), np.array([1.0, 3.0]))
    assert (alike.estimate, alike.low, alike.high) == (2.0, 2.0, 2.0)


def test_the_interval_over_texts_covers_the_truth() -> None:
    held = 0
    for _ in range(200):
        tokens = RANDOM.integers(5, 40, 30).astype(float)
        found = mean_per_token(tokens * (0.3 + 0.2 * RANDOM.standard_normal(30)), tokens)
        held += found.low <= 0.3 <= found.high
    assert held >= 176  # 95 % would be 190; with 30 texts a percentile bootstrap reaches about 93 %


def test_a_change_of_skill_is_paired() -> None:
    base = [1.0] * 60 + [0.0] * 40
    worse = [1.0] * 40 + [0.0] * 60
    found = skill_change(base, worse)
    assert found.estimate == pytest.approx(-0.2)
    assert found.high < 0
    same = skill_change(base, base)
    assert same.estimate == 0
    assert same.low < 0 < same.high
    graded = skill_change([0.5, 0.25, 1.0], [0.5, 0.0, 0.5])
    assert graded.estimate == pytest.approx(-0.25)


def test_cka_is_blind_to_rotation_and_scale_and_agrees_with_its_other_form() -> None:
    x = RANDOM.standard_normal((20, 6))
    y = RANDOM.standard_normal((20, 9))
    turn = np.linalg.qr(RANDOM.standard_normal((6, 6)))[0]
    assert linear_cka(x, x) == pytest.approx(1.0)
    assert linear_cka(x, 3 * x @ turn + 5) == pytest.approx(1.0)
    a, b = x - x.mean(0), y - y.mean(0)
    norm = np.linalg.norm
    assert linear_cka(x, y) == pytest.approx(norm(b.T @ a) ** 2 / (norm(a.T @ a) * norm(b.T @ b)), rel=1e-12)
    assert linear_cka(x, np.zeros((20, 3))) == 0.0
    found = cka_interval(x, y)
    assert found.low <= found.estimate <= found.high


def test_cosines_agree_with_scikit_learn() -> None:
    from sklearn.metrics.pairwise import paired_cosine_distances

    x, y = RANDOM.standard_normal((5, 4)), RANDOM.standard_normal((5, 4))
    np.testing.assert_allclose(cosines(x, y), 1 - paired_cosine_distances(x, y), atol=1e-12)
    assert cosines(np.zeros((1, 4)), y[:1]).tolist() == [0.0]


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (probe("kl", 0.11, 0.05, 0.2), True),
        (probe("kl", 0.09, 0.05, 0.2), False),
        (probe("loss", 0.12, 0.01, 0.3), True),
        (probe("loss", 0.12, -0.01, 0.3), False),
        (probe("loss", -0.5, -0.6, -0.4), False),
        (probe("skill", -0.03, -0.05, -0.01), True),
        (probe("skill", -0.03, -0.05, 0.01), False),
        (probe("features", -0.2, -0.3, -0.1), True),
        (probe("features", -0.05, -0.3, -0.01), False),
    ],
)
def test_a_loss_counts_from_its_threshold_on_and_beyond_chance(found: Probe, counts: bool) -> None:
    assert is_lost(found) == counts


def test_what_stands_in_the_table_and_what_limits_see() -> None:
    found = Forgetting(
        "measured",
        (
            probe("kl", 0.2, 0.1, 0.3),
            probe("loss", 0.4, 0.3, 0.5, "text.en"),
            probe("loss", 0.2, -0.1, 0.5, "text.zh"),
            probe("skill", -0.1, -0.2, -0.05, "skills"),
        ),
    )
    assert elsewhere(found) == pytest.approx(0.3)
    assert [one.name for one in lost(found)] == ["kl", "text.en", "skills"]
    assert for_limits(found) == {"kl": 0.2, "skills": -5.0}
    assert elsewhere(Forgetting("unchanged")) == 0.0
    assert elsewhere(Forgetting("unknown")) is None
    assert elsewhere(Forgetting("measured", (probe("features", -0.2, -0.3, -0.1),))) is None
    assert (lost(None), elsewhere(None), for_limits(None)) == ((), None, {})
