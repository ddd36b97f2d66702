"""Heads on words, of numbers and of several labels: their losses are transformers' own on a padded batch."""

from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from torch import Tensor, nn

from tagged_rows import rows, task
from taskfit.core.target import Span, spans_of, spans_text
from taskfit.engine.headed import head_rows
from taskfit.engine.learner import ClassHead, ClassLearner
from taskfit.engine.losses import sigmoid_loss, squares_loss
from taskfit.engine.outputs import LabelOutputs, NumberOutputs, best_threshold, outputs_of
from taskfit.engine.tagged import TagLearner, tagged
from taskfit.engine.tagging import TagClasses, unlearnable, word_rows
from tiny_models import TinyModels

FAMILIES = ("llama", "gpt2", "bert")


def padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    longest = max(map(len, ids))
    mask = torch.tensor([[*[1] * len(row), *[0] * (longest - len(row))] for row in ids])
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids]), mask


def head_of(width: int, outputs: int, *, bias: bool) -> ClassHead:
    torch.manual_seed(11)
    head = ClassHead(width, outputs)
    if not bias:
        nn.init.zeros_(head.linear.bias)
    return head


def theirs(tiny: TinyModels, family: str, kind: str, head: ClassHead, **config: Any) -> Any:
    """Return transformers' own network for the task, with the weights of our head."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    auto = AutoModelForTokenClassification if kind == "token" else AutoModelForSequenceClassification
    outputs = head.linear.out_features
    network = auto.from_pretrained(tiny.folder(family), num_labels=outputs, attn_implementation="eager", **config)
    network.config.pad_token_id = 0
    layer = layer_of(network)
    with torch.no_grad():
        layer.weight.copy_(head.linear.weight)
        if layer.bias is not None:
            layer.bias.copy_(head.linear.bias)
    if kind == "sequence" and family == "bert":
        network.bert.pooler = _First()  # theirs has weights of its own before the head, which a body does not save
    return network.eval()


def layer_of(network: nn.Module) -> Any:
    """Return the linear layer of the task: its name differs from model to model."""
    return dict(network.named_children()).get("score") or dict(network.named_children())["classifier"]


class _First(nn.Module):
    def forward(self, hidden: Tensor) -> Tensor:
        return hidden[:, 0]


def assert_alike(ours: Tensor, theirs: Tensor, weights: tuple[Tensor | None, Tensor | None]) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0)
    ours.backward()
    theirs.backward()
    left, right = (None if one is None else one.grad for one in weights)
    assert left is not None
    assert right is not None
    torch.testing.assert_close(left, right, rtol=1e-5, atol=1e-5 * float(right.abs().max()))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_loss_of_tags_is_that_of_token_classification(family: str, tiny: TinyModels) -> None:
    model, classes = tiny.open(family), TagClasses(task("tag").label_names)
    data = tagged(model, classes, rows("tag", 7))
    assert len({len(row.ids) for row in data.rows}) > 1
    head = head_of(model.card.width, classes.count, bias=True)
    learner = TagLearner(model.fork(), head, data)
    learner.mode(training=False)
    ours = learner.loss(range(7), sum(map(learner.weight, range(7))))
    network = theirs(tiny, family, "token", head)
    ids, mask = padded(data.ids)
    labels = torch.full_like(ids, -100)
    for place, (row, wanted) in enumerate(zip(data.rows, data.classes, strict=True)):
        labels[place, list(row.places)] = torch.tensor(wanted)
    found = network(input_ids=ids, attention_mask=mask, labels=labels).loss
    assert_alike(ours, found, (head.linear.weight, layer_of(network).weight))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("kind", "problem", "criterion"),
    [("regress", "regression", squares_loss), ("multilabel", "multi_label_classification", sigmoid_loss)],
)
def test_the_losses_of_numbers_and_labels_are_those_of_sequence_classification(
    kind: Any, problem: str, criterion: Any, family: str, tiny: TinyModels
) -> None:
    model, some = tiny.open(family), rows(kind, 7)
    targets = outputs_of(task(kind), some).targets(some)
    causal = model.body.causal
    ids = head_rows(model, task(kind), some)
    head = head_of(model.card.width, targets.shape[1], bias=not causal)
    learner = ClassLearner(
        model.fork(), head, ids, targets.tolist(), "last" if causal else "first", criterion=criterion
    )
    learner.mode(training=False)
    ours = learner.loss(range(7), 7.0)
    network = theirs(tiny, family, "sequence", head, problem_type=problem)
    padded_ids, mask = padded(ids)
    labels = torch.tensor(targets, dtype=torch.float32)
    found = network(input_ids=padded_ids, attention_mask=mask, labels=labels).loss
    assert_alike(ours, found, (head.linear.weight, layer_of(network).weight))


@pytest.mark.parametrize("family", FAMILIES)
def test_words_know_their_place_in_the_text_and_their_token(family: str, tiny: TinyModels) -> None:
    text = "Milla's 2 cats 住在北京 ☺."
    model = tiny.open(family)
    (row,) = word_rows(model, [text])
    words = [text[start:end] for start, end in row.words]
    assert "".join(words).replace(" ", "") == text.replace(" ", "")
    assert {"Milla", "cats"} <= set(words)
    assert len(row.places) == len(row.words) == len(set(row.places))
    coded = model.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
    for (start, end), place in zip(row.words, row.places, strict=True):
        first, after = coded[place]
        assert (first <= start < after) if family == "bert" else (first < end <= after)


@pytest.mark.parametrize("family", FAMILIES)
def test_entities_become_tags_of_words_and_entities_again(family: str, tiny: TinyModels) -> None:
    model, classes = tiny.open(family), TagClasses(task("tag").label_names)
    some = rows("tag", 30)
    data = tagged(model, classes, some)
    assert sum(len(spans_of(target) or ()) for target in data.targets) > 20
    assert unlearnable(data.rows, data.targets, classes) == 0
    for row, target, wanted in zip(data.rows, data.targets, data.classes, strict=True):
        assert spans_text(classes.spans(row, wanted)) == target


def test_entities_that_words_cannot_say_are_counted(tiny: TinyModels) -> None:
    classes = TagClasses(("x",))
    found = word_rows(tiny.open("bert"), ["catfish run"])
    assert unlearnable(found, [spans_text([Span(0, 3, "x")])], classes) == 1
    assert classes.of(found[0], spans_text([Span(0, 3, "x")])) == [1, 0]
    assert unlearnable(found, [spans_text([Span(0, 7, "x"), Span(0, 11, "x")])], classes) == 1
    assert unlearnable(found, [spans_text([Span(8, 99, "x")])], classes) == 1


def test_the_best_tags_are_the_best_of_all_valid_ones() -> None:
    classes, random = TagClasses(("a", "b")), np.random.default_rng(0)
    for _ in range(20):
        scores = random.normal(size=(4, classes.count))
        valid = [
            path
            for path in product(range(classes.count), repeat=4)
            if path[0] not in (2, 4) and all(classes.follows[a, b] for a, b in pairwise(path))
        ]
        best = max(valid, key=lambda path: sum(scores[word, one] for word, one in enumerate(path)))
        assert classes.best(scores) == list(best)
    assert classes.best(np.empty((0, classes.count))) == []


def test_linear_heads_of_numbers_and_labels_equal_scikit_learn() -> None:
    random = np.random.default_rng(1)
    features = random.normal(size=(60, 5)).astype(np.float32)
    targets = (features @ random.normal(size=(5, 1))) + random.normal(size=(60, 1))
    ours = NumberOutputs(0.0, 1.0).fit(features, targets, 0.1)
    z = (features - features.mean(0)) / (features.std(0) + 1e-6)
    their = Ridge(alpha=0.1 * 60).fit(z, targets[:, 0])
    np.testing.assert_allclose(ours.logits(features)[:, 0], their.predict(z), atol=1e-4)
    several = LabelOutputs(("a", "b"))
    marks = (features[:, :2] + random.normal(size=(60, 2)) > 0).astype(np.float64)
    found = several.fit(features, marks, 0.1).logits(features)
    for column in range(2):
        # Our loss is the mean over rows and over the two labels, theirs the sum.
        other = LogisticRegression(C=1 / (0.1 * 60 * 2), tol=1e-8).fit(z, marks[:, column])
        np.testing.assert_allclose(found[:, column], other.decision_function(z), atol=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_the_threshold_is_the_best_of_all(seed: int) -> None:
    random = np.random.default_rng(seed)
    logits, targets = random.normal(size=(20, 3)).round(1), (random.random((20, 3)) < 0.4).astype(float)
    threshold, value = best_threshold(logits, targets)
    every = [f1_score(targets, logits > one, average="micro", zero_division=0.0) for one in np.linspace(-4, 4, 161)]
    assert value == pytest.approx(max(every))
    assert f1_score(targets, logits > threshold, average="micro") == pytest.approx(value)
