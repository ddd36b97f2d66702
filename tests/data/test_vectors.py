"""Vectors without a model, clusters of them, and how many different rows they are worth."""

import numpy as np

from taskfit.data.checking import Means
from taskfit.data.vectors import hashed_vectors, k_means, unit, vectors_of, vendi

TOPICS = (
    "the weather in the mountains is cold today",
    "how do I bake a chocolate cake",
    "what does a used car cost in Berlin",
)
TEXTS = [f"{topic} {n}" for topic in TOPICS for n in range(30)]


def test_texts_of_one_topic_are_nearer_to_each_other_than_to_others():
    vectors = hashed_vectors(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    like = vectors @ vectors.T
    same = np.equal.outer(np.arange(90) // 30, np.arange(90) // 30)
    assert like[same].min() > like[~same].max()
    assert not hashed_vectors(["ab", ""]).any()


def test_an_encoder_stands_in_for_hashing():
    found = vectors_of(["a", "b"], Means(embed=lambda texts: [[3.0, 4.0] for _ in texts]))
    assert np.allclose(found, [[0.6, 0.8], [0.6, 0.8]])


def test_clusters_are_the_topics_and_the_same_for_a_seed():
    vectors = hashed_vectors(TEXTS)
    cluster = k_means(vectors, 9, seed=1)
    assert (cluster == k_means(vectors, 9, seed=1)).all()
    topics = [set(cluster[start : start + 30]) for start in (0, 30, 60)]
    assert sum(map(len, topics)) == len(set.union(*topics))


def test_the_vendi_score_is_the_exponent_of_the_entropy_of_the_kernel():
    rng = np.random.default_rng(0)
    for shape in ((40, 8), (8, 40)):
        vectors = unit(rng.normal(size=shape).astype(np.float32))
        values = np.linalg.eigvalsh((vectors @ vectors.T).astype(np.float64) / shape[0])
        values = values[values > 1e-9]
        # float32 vectors: their products are right to about 1e-6.
        assert abs(vendi(vectors) - np.exp(-(values * np.log(values)).sum())) < 1e-3
    # n equal rows are worth one, n orthogonal ones are worth n.
    assert abs(vendi(np.ones((10, 1), np.float32)) - 1) < 1e-6
    assert abs(vendi(np.eye(7, dtype=np.float32)) - 7) < 1e-6
    assert vendi(np.zeros((0, 4), np.float32)) == 0
