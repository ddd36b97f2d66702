"""Tasks are guessed from rows without inventing meanings."""

from taskfit.core.example import example_of
from taskfit.data.guess import guess_task, is_chinese, remarks_on


def rows(pairs, times=10):
    return [example_of(f"{text} {n}", target, number=n) for n in range(times) for text, target in pairs]


def test_repeated_targets_are_classes_with_sorted_labels_and_plain_words():
    task = guess_task(rows([("where is my card", "card_arrival"), ("what is the rate", "Exchange_Rate")]))
    assert task.kind == "classify"
    assert task.label_names == ("Exchange_Rate", "card_arrival")
    assert task.label_words == ("Exchange Rate", "card arrival")
    assert task.instruction.endswith("Exchange Rate, card arrival.")
    assert task.metrics == ("accuracy", "macro_f1")
    assert remarks_on(task) == ()


def test_chinese_rows_get_a_chinese_instruction():
    task = guess_task(rows([("味道很好", "积极"), ("送得太慢", "消极")]))
    assert task.instruction == "判断下面文本的类别。只回答以下标签之一：消极、积极。"


def test_numbers_keep_their_names_and_are_remarked_on():
    task = guess_task(rows([("good", "1"), ("bad", "0")]))
    assert task.label_words == ("0", "1")
    (remark,) = remarks_on(task)
    assert "0, 1 are only numbers" in remark.en


def test_words_that_would_collide_stay_names():
    assert guess_task(rows([("x", "a_b"), ("y", "a b")])).label_words == ("a b", "a_b")


def test_different_targets_are_answers_or_texts():
    answers = [example_of(f"capital of {n}?", f"city {n}", number=n) for n in range(30)]
    assert guess_task(answers).kind == "answer"
    assert guess_task(answers).metrics == ("exact_match", "char_f1")
    texts = [example_of(f"write about {n}", f"story {n} " * 50, number=n) for n in range(30)]
    task = guess_task(texts)
    assert (task.kind, task.labels) == ("generate", ())
    assert task.max_answer_tokens >= 200


def test_the_language_is_that_of_most_letters():
    assert is_chinese([example_of("iPhone 很好用，电池也不错", "x")])
    assert not is_chinese([example_of("the word 好 means good", "x")])
    assert not is_chinese([example_of("この店の料理はとても美味しい", "x")])
    assert not is_chinese([])
