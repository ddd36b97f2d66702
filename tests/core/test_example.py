"""Examples: what is asked, and the fingerprint of what a run used."""

from dataclasses import replace

from taskfit.core.example import Message, Splits, example_of, fingerprint


def test_the_text_is_what_the_user_says_last() -> None:
    example = replace(
        example_of("first", "x"),
        messages=(Message("system", "be kind"), Message("user", "a"), Message("assistant", "b"), Message("user", "c")),
    )
    assert example.text == "c"
    assert replace(example, messages=(Message("system", "s"),)).text == ""


def test_a_predictor_sees_no_target() -> None:
    assert example_of("a", "x").without_target().target is None


def test_fingerprints_change_with_content_order_and_side() -> None:
    a, b = example_of("a", "x", number=1), example_of("b", "y", number=2)
    assert fingerprint([a, b]) != fingerprint([b, a])
    assert fingerprint([a]) != fingerprint([replace(a, target="y")])
    assert fingerprint([a]) == fingerprint([replace(a, id="other")])
    assert Splits((a,), (b,), ()).fingerprint != Splits((b,), (a,), ()).fingerprint
    assert Splits((a,), (), (b,)).fingerprint == Splits((a,), (), (b,)).fingerprint


def test_fingerprints_take_lone_surrogates() -> None:
    assert fingerprint([example_of("\ud800", "x")])
