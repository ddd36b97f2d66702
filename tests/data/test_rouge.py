"""The ROUGE-L filter decides as the package rouge_score does on English, and is right for Chinese."""

import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from taskfit.data.rouge import RougePool, rouge_l, rouge_tokens

SCORER = RougeScorer(["rougeL"], use_stemmer=False)
WORDS = ("write", "a", "the", "poem", "list", "of", "Sea", "3.5", "don't", "on-line", "café", "C++", "naïve", "GPT-4")
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def published(one: str, other: str) -> float:
    """Return the F1 of rouge_score."""
    return float(SCORER.score(one, other)["rougeL"].fmeasure)


def first_most_similar(pool: list[str], text: str, similar: float) -> tuple[int, float] | None:
    """Compare with every text, as the published filter does."""
    scores = [published(text, one) for one in pool]
    best = max(scores, default=0.0)
    return (scores.index(best), best) if best > similar else None


@given(SENTENCES, SENTENCES)
def test_gives_the_very_number_of_rouge_score(one: str, other: str) -> None:
    assert rouge_l(one, other) == published(one, other)


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=30), st.text(st.characters(max_codepoint=0x2FF)))
def test_cuts_any_text_in_latin_letters_as_rouge_score_does(one: str, other: str) -> None:
    assert rouge_l(one, other) == published(one, other)


@settings(max_examples=200)
@given(st.lists(SENTENCES, max_size=30), SENTENCES, st.sampled_from([0.0, 0.3, 0.5, 0.7, 0.75, 0.8, 0.99]))
def test_the_pool_finds_the_most_similar_text_of_all(pool: list[str], text: str, similar: float) -> None:
    found = RougePool(pool, similar=similar).nearest(text)
    assert (found and (found.place, found.score)) == first_most_similar(pool, text, similar)


def test_decides_as_rouge_score_on_real_instructions(shared_data: Path) -> None:
    lines = (shared_data / "alpaca_seed" / "seed_tasks.jsonl").read_text(encoding="utf-8").splitlines()
    real = [str(json.loads(line)["instruction"]) for line in lines][:150]
    dice = random.Random(0)
    changed = [" ".join(word for word in text.split() if dice.random() > 0.17) for text in real]
    pool, kept, similar = RougePool(), list[str](), 0
    for text in (*real, *changed):
        found = pool.nearest(text)
        assert (found and (found.place, found.score)) == first_most_similar(kept, text, 0.7), text
        similar += found is not None
        if found is None:
            pool.add(text)
            kept.append(text)
    assert 30 < similar < 150


def test_the_threshold_itself_is_not_too_similar() -> None:
    # 7 of 10 words in common: F1 = 0.7 as numbers are rounded, on which rouge_score decides
    one, other = "a b c d e f g h i j", "a b c d e f g x y z"
    assert (RougePool([one]).nearest(other) is not None) == (published(one, other) > 0.7)


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("把这句话翻译成英文", "把这句话翻译成法文", 16 / 18),
        ("写一首关于春天的诗", "写一首关于秋天的诗", 16 / 18),
        ("写一首关于春天的诗", "列出三种水果", 0.0),
        ("用Python写一个排序函数", "用 python 写一个排序函数。", 1.0),
        ("用ＡＢＣ造句", "用abc造句", 1.0),
        ("把 3.5 升换算成毫升", "把3.5升换算成毫升", 1.0),
        ("", "写", 0.0),
    ],
)
def test_compares_chinese_by_characters(one: str, other: str, score: float) -> None:
    assert rouge_l(one, other) == pytest.approx(score, abs=1e-12)
    found = RougePool([one]).nearest(other)
    assert (found is not None) == (score > 0.7)


def test_other_scripts_are_words_or_characters() -> None:
    assert rouge_tokens("Напиши стих, 3 строки") == ["напиши", "стих", "3", "строки"]
    assert rouge_tokens("詩を書く") == ["詩", "を", "書", "く"]
    assert rouge_tokens("안녕 세계") == ["안녕", "세계"]


def test_more_words_than_there_are_characters_still_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "maxunicode", 3)
    pool = RougePool(["a b c", "a b c d e f", "d e f g h i"])
    assert (found := pool.nearest("d e f g h j")) is not None
    assert (found.place, found.score) == (2, pytest.approx(5 / 6))
    assert pool.nearest("x y z") is None
