"""Label scores equal the plain log-probabilities of every prompt and label run alone.

Tolerance 1e-4 absolute: sums of up to 7 log-probabilities of size 1 to 30, each with a rounding of about 1e-6
from sums in another order; a token seen or missed by mistake moves them by 0.1 and more.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from taskfit.core.errors import DataError
from taskfit.core.example import Message
from taskfit.core.task import Label, Task
from taskfit.engine import score
from taskfit.engine.prefix import common_prefix, fitting_prefix, run_prefix
from taskfit.engine.prompted import LabelScorer
from taskfit.engine.score import label_tree, score_labels
from tiny_models import CAUSAL, TinyModels, sentences


def _plain(network: Any, questions: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> np.ndarray:
    """One forward of transformers per question and label."""
    found = np.empty((len(questions), len(labels)))
    with torch.inference_mode():
        for row, question in enumerate(questions):
            for column, label in enumerate(labels):
                logits = network(torch.tensor([[*question, *label]])).logits[0]
                log_p = torch.log_softmax(logits[len(question) - 1 : -1].double(), -1)
                found[row, column] = log_p.gather(1, torch.tensor(label)[:, None]).sum()
    return found


LABELS = {
    "one label": [[40, 41]],
    "single tokens": [[40], [41], [42]],
    "shared first tokens": [[40, 41, 42], [40, 41, 43], [40, 44], [45]],
    "one begins another": [[40], [40, 41], [40, 41, 42, 43, 44, 45, 46]],
    "the same tokens, two orders": [[40, 41], [41, 40]],
    "a repeated token": [[40, 40, 40], [40, 40]],
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("family", CAUSAL)
def test_equals_every_pair_run_alone(tiny: TinyModels, family: str, labels: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    start = model.encode(["the dog ran to see why 很 不 喜欢 "])[0]
    apart = model.encode(sentences(5, seed=2))
    for questions in ([start + row for row in apart], apart, apart[:1]):
        scores = score_labels(model, questions, LABELS[labels])
        assert scores.values == pytest.approx(_plain(plain, questions, LABELS[labels]), abs=1e-4)
        shared = common_prefix(questions) if len(questions) > 1 else 0
        assert scores.prefix_tokens == (shared if shared >= 4 else 0)
        fed = len(label_tree(LABELS[labels]).fed)
        assert scores.tokens == tuple(len(question) - scores.prefix_tokens + fed for question in questions)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_a_known_prefix_is_used_where_it_fits_and_left_where_not(tiny: TinyModels, family: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    start = model.encode(["the dog ran to see why it was good "])[0]
    questions = [start + row for row in model.encode(["好 坏", "太 咸 菜"])]
    labels = LABELS["shared first tokens"]
    wanted = pytest.approx(_plain(plain, questions, labels), abs=1e-4)
    short = run_prefix(model, start[:5])
    assert fitting_prefix(model, questions, short) is short
    assert score_labels(model, questions, labels, prefix=short).values == wanted
    # Another text, and a prefix that leaves a question nothing of its own: a fresh one is run instead.
    for unfit in (run_prefix(model, [*start[:4], 50]), run_prefix(model, questions[0])):
        fresh = fitting_prefix(model, questions, unfit)
        assert fresh is not None
        assert fresh is not unfit
        assert fresh.ids == tuple(questions[0][: common_prefix(questions)])
        assert score_labels(model, questions, labels, prefix=unfit).values == wanted


def test_small_batches_give_the_same(tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.open("llama")
    questions = model.encode(sentences(7, seed=2))
    whole = score_labels(model, questions, LABELS["shared first tokens"])
    monkeypatch.setattr(score, "TOKENS_AT_ONCE", 1)
    told: list[int] = []
    single = score_labels(model, questions, LABELS["shared first tokens"], told=told.append)
    assert single.values == pytest.approx(whole.values, abs=1e-5)
    assert told == list(range(1, 8))


def test_the_tree_by_hand() -> None:
    tree = label_tree([[7, 8], [7, 9], [5]])
    assert tree.tokens == (-1, 7, 8, 9, 5)
    assert tree.parents == (-1, 0, 1, 1, 0)
    assert tree.paths == ((1, 2), (1, 3), (4,))
    assert tree.fed == (1,)
    assert tree.depths == (0, 1, 2, 2, 1)


def test_the_tree_mask_shows_only_ancestors() -> None:
    tree = label_tree([[1, 2, 3], [1, 4, 5], [6, 7]])
    assert [tree.tokens[node] for node in tree.fed] == [1, 2, 4, 6]
    seen = (tree.mask == 0).int().tolist()
    assert seen == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]


@pytest.mark.parametrize(
    ("rows", "shared"),
    [
        ([[1, 2, 3], [1, 2, 4]], 2),
        ([[1, 2], [1, 2]], 1),  # every row keeps a token of its own
        ([[1, 2, 3], [1, 2]], 1),
        ([[5], [6]], 0),
        ([[1], [1, 2]], 0),
        ([[1, 2, 3, 9], [1, 2, 3, 8], [1, 2, 7, 7]], 2),
    ],
)
def test_common_prefixes_by_hand(rows: list[list[int]], shared: int) -> None:
    assert common_prefix(rows) == shared


def _task(*words: str) -> Task:
    return Task("classify", "good or bad 好 坏", tuple(Label(f"label {n}", word) for n, word in enumerate(words)))


def _talks(*texts: str) -> list[list[Message]]:
    return [[Message("system", "good or bad 好 坏"), Message("user", text)] for text in texts]


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("words", [("good", "bad", "很 好"), ("good", "good or bad", "坏")])
def test_a_scorer_gives_the_log_probabilities_of_the_words(
    tiny: TinyModels, chat: bool, words: tuple[str, ...]
) -> None:
    model, plain = tiny.open("llama", chat=chat), tiny.plain("llama")
    talks = _talks("the cat sat", "菜 太 咸", "送餐 快 and good")
    scores, prompts = LabelScorer(model, _task(*words)).scores(talks)
    assert prompts == [model.render(talk) for talk in talks]
    # Where one word begins another, each is followed by what ends an answer: else the longer could never win.
    end = model.template.answer_end if words[1].startswith(words[0]) else ""
    questions = model.encode(prompts)
    labels = []
    for word in words:
        whole, short = model.encode([prompts[0] + word + end, prompts[0] + word])
        stop = len(questions[0]) + len(model.encode([word])[0]) + (1 if end else 0)
        assert whole[: len(short)] == short
        labels.append(whole[len(questions[0]) : stop])
    assert scores.values == pytest.approx(_plain(plain, questions, labels), abs=1e-4)


def test_a_scorer_keeps_its_prefix_from_call_to_call(tiny: TinyModels) -> None:
    model = tiny.open("llama", chat=True)
    scorer = LabelScorer(model, _task("good", "bad"))
    first, _ = scorer.scores(_talks("the cat sat", "bad 菜"))
    known = scorer.known
    assert known is not None
    again, _ = scorer.scores(_talks("bad 菜"))
    assert scorer.known is known
    assert again.values[0] == pytest.approx(first.values[1], abs=1e-5)
    assert LabelScorer(model, _task("good", "bad")).scores(_talks("bad 菜"))[0].values == pytest.approx(
        again.values, abs=1e-4
    )


def test_a_label_that_melts_with_the_prompt_is_refused(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    scorer = LabelScorer(model, _task("good", "bad"))
    # Where the prompt ends in a part of a token, the label's first letters change that token.
    assert len(model.encode([" cat"])[0]) == 1
    with pytest.raises(DataError, match=r"the label 'at' melts with the end of the prompt into one token"):
        scorer._after("the c", "at")


def test_prompts_that_do_not_fit_with_the_longest_label_are_refused(tiny: TinyModels) -> None:
    # The label has 20 tokens: more than any fixed reserve. Its last token is never fed, so 173 + 19 just fit.
    model = tiny.open("gpt2")
    scorer = LabelScorer(model, _task("good", "cat" + " cat" * 19))
    bare = len(model.encode([model.render(_talks("")[0])])[0])
    fits, too_long = (" cat" * (model.card.context - 19 - bare + more) for more in (0, 1))
    assert scorer.scores(_talks(fits))[0].tokens == (model.card.context,)
    with pytest.raises(DataError, match=r"the longest prompt has 174 tokens, the model reads 192"):
        scorer.scores(_talks(too_long))
