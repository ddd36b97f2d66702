"""Examples: what is asked, and the fingerprint of what a run used."""

from dataclasses import replace

from taskfit.core.example import Message, Splits, ToolCall, example_of, fingerprint


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


def test_the_fingerprint_of_plain_rows_stays_what_it_was() -> None:
    assert fingerprint([example_of("a", "x"), example_of("b", None)]) == "456b6811594d2b4b"


def test_fingerprints_change_with_thinking_calls_names_weights_and_tools() -> None:
    plain = example_of("a", "x")
    message = plain.messages[0]
    call = ToolCall("add", '{"a": 1}', "c1")
    others = (
        replace(message, thinking="well"),
        replace(message, calls=(call,)),
        replace(message, calls=(replace(call, arguments="{}"),)),
        replace(message, name="add"),
        replace(message, call_id="c1"),
        replace(message, weight=0.0),
        replace(message, weight=0.5),
    )
    rows = [plain, *(replace(plain, messages=(one,)) for one in others), replace(plain, tools=('{"name": "add"}',))]
    assert len({fingerprint([row]) for row in rows}) == len(rows)
