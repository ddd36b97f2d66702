"""Drawing and fitting examples for prompts."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskfit.core.example import Example, Message, Practice, example_of
from taskfit.core.meter import Meter
from taskfit.core.task import Label, Task
from taskfit.engine.asking import draw_shots, fixed_offer, fixed_sets
from taskfit.engine.fit import fit_texts, refuse_longer, room_for_text
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor
from tiny_models import TinyModels

NAMES = ("a", "b", "c")


def _task(names: tuple[str, ...] = NAMES) -> Task:
    return Task("classify", "good or bad", tuple(Label(name, f"word {name}") for name in names))


def _rows(*targets: str | None) -> list[Example]:
    return [example_of(f"text {n}", target, number=n) for n, target in enumerate(targets)]


@settings(deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=30), st.integers(1, 12), st.integers(0, 99))
def test_a_set_covers_the_labels_evenly(targets: list[str], shots: int, seed: int) -> None:
    rows = _rows(*targets)
    chosen = draw_shots(_task(), rows, shots, np.random.default_rng(seed))
    assert len(chosen) == len({one.id for one in chosen}) == min(shots, len(rows))
    there, drawn = Counter(targets), Counter(one.target for one in chosen)
    most = max(drawn.values())
    # No label is shown twice more often than another that still had rows.
    assert all(drawn[name] >= min(most - 1, there[name]) for name in there)


def test_sets_are_drawn_by_the_seed_in_random_order() -> None:
    rows = _rows(*"aaaabbbbcccc")
    sets = [draw_shots(_task(), rows, 6, np.random.default_rng(seed)) for seed in (1, 1, 2, 3)]
    assert sets[0] == sets[1]
    assert len({tuple(one.id for one in chosen) for chosen in sets}) == 3
    assert len({tuple(one.target for one in chosen) for chosen in sets}) > 1


def test_rows_of_unknown_labels_are_never_shown() -> None:
    chosen = draw_shots(_task(), _rows("a", "zzz", None, "b"), 8, np.random.default_rng(0))
    assert sorted(str(one.target) for one in chosen) == ["a", "b"]


def test_open_tasks_draw_any_rows() -> None:
    rows = _rows("one", "two", "three")
    assert len(draw_shots(Task("generate", "say"), rows, 2, np.random.default_rng(0))) == 2


def test_each_set_is_another(tiny: TinyModels) -> None:
    practice = Practice(tuple(_rows(*"abcabcabc")), ())
    offers = fixed_sets(tiny.open("llama"), _task(), practice, shots=3, sets=4, seed=0)
    assert [offer.settings["set"] for offer in offers] == [0, 1, 2, 3]
    assert len({tuple(one.id for one in offer.pool) for offer in offers}) > 1


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_farthest_examples_are_left_out_where_a_prompt_would_not_fit(tiny: TinyModels, family: str) -> None:
    model, task = tiny.open(family), _task()
    shown = tuple(example_of("the cat sat on a mat and the dog ran " * 2, "a", number=n) for n in range(9))
    offer = fixed_offer(model, task, shown, 0)
    short, long = example_of("good", None), example_of("很 不 喜欢 " * 8, None)
    (few_left_out, more_left_out) = offer.show([short, long])
    assert 0 < len(more_left_out) < len(few_left_out) < 9
    assert few_left_out == shown[-len(few_left_out) :]
    for example, some in ((short, few_left_out), (long, more_left_out)):
        tokens = len(model.encode([model.render(conversation(task, example, some))])[0])
        one_more = len(model.encode([model.render(conversation(task, example, shown[-len(some) - 1 :]))])[0])
        assert tokens + 10 <= model.card.context < one_more + 40
    # And what is shown can be scored.
    answers = PromptPredictor(model, task, offer.show).predict([short, long], Meter())
    assert [len(answer.evidence) for answer in answers] == [len(few_left_out), len(more_left_out)]


@pytest.mark.parametrize("family", ["llama", "gpt2", "bert"])
def test_long_texts_are_cut_at_a_character(tiny: TinyModels, family: str) -> None:
    model, task = tiny.open(family), _task()
    room = room_for_text(model, task)
    # Characters of three and four tokens, at every place relative to the cut.
    texts = ["好" * start + "𠮷龘" * model.card.context for start in range(5)]
    rows = [example_of("short", "a"), *(example_of(text, "b", number=n) for n, text in enumerate(texts))]
    fitted = fit_texts(model, task, rows)
    assert fitted.cut == len(texts)
    assert fitted.examples[0] is rows[0]
    for text, example in zip(texts, fitted.examples[1:], strict=True):
        assert text.startswith(example.text)
        assert "\ufffd" not in model.tokenizer.decode(model.encode([example.text])[0])
        tokens = len(model.encode([example.text])[0])
        assert tokens <= room < tokens + 5  # and not a whole character more than needed
        assert example.target == "b"
    refuse_longer(model, model.encode([one.text for one in fitted.examples], special=True))


def test_a_text_that_just_fits_is_not_cut(tiny: TinyModels) -> None:
    model, task = tiny.open("gpt2"), _task()
    room = room_for_text(model, task)
    just, over = ("cat" + " cat" * (room - len(model.encode(["cat"])[0]) + more) for more in (0, 1))
    fitted = fit_texts(model, task, [example_of(just, "a"), example_of(over, "a", number=2)])
    assert fitted.cut == 1
    assert [one.text for one in fitted.examples] == [just, just]


def test_only_the_last_question_of_a_talk_is_cut(tiny: TinyModels) -> None:
    model, task = tiny.open("llama"), _task()
    talk = (Message("system", "s"), Message("user", "first"), Message("assistant", "yes"), Message("user", "好 " * 900))
    (example,) = fit_texts(model, task, [replace(example_of("", "a"), messages=talk)]).examples
    assert example.messages[:3] == talk[:3]
    assert 0 < len(example.messages[3].content) < len(talk[3].content)
