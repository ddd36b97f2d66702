"""Data made safe to look at."""

from ladder.report.samples import sample_rows
from taskfit.ladder.report.visible import MASK, count_secrets, cut, one_line, visible


def test_control_bidi_and_hidden_characters_become_escapes() -> None:
    assert visible("a\x00b\x1b]0;t\x07") == "a\\x00b\\x1b]0;t\\x07"
    assert visible("x\u202ey\u2066z\u200b") == "x\\u202ey\\u2066z\\u200b"
    assert visible("hi\U000e0041") == "hi\\U000e0041"
    assert visible("\ud800") == "\\ud800"


def test_usual_text_is_left_alone() -> None:
    text = "第一行\n\tsecond — “ok” 👩‍👩‍👧 نص"
    assert visible(text) == text


def test_keys_are_masked_and_words_are_not() -> None:
    assert visible("use AKIAABCDEFGHIJKLMNOP now") == f"use AKIA{MASK} now"
    assert visible("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----.") == f"----{MASK}."
    assert visible("sk-learn and task-specific-instruction-tuning-methods") == (
        "sk-learn and task-specific-instruction-tuning-methods"
    )


def test_rows_with_keys_are_counted_once() -> None:
    assert count_secrets(sample_rows(10)) == 0


def test_cut_says_how_much_is_left_out() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdef", 2) == "ab … [+4]"


def test_one_line_has_no_break() -> None:
    assert one_line(" a\r\nb\tc ") == "a b c"
