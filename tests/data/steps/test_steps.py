"""Every step: what it does to rows, and that no row is lost in silence."""

from dataclasses import replace

import pytest

from taskfit.core.errors import UsageError
from taskfit.core.example import Message, Origin
from taskfit.data.checking import Means
from taskfit.data.recipe import step_named
from taskfit.data.record import Record
from taskfit.data.step import STEPS

MEANS = Means(tokens=lambda texts: [len(text) for text in texts], special=("<|end|>",))
NEEDED = {
    "drop_rows": {"ids": ["a"]},
    "merge_labels": {"names": {"pos": "positive"}},
    "drop_long": {"tokens": 60},
    "cut_prompt": {"tokens": 60},
    "cap_group": {"most": 1},
    "cap_cluster": {"most": 1},
    "sample": {"rows": 2},
    "keep_diverse": {"rows": 3},
    "keep_best": {"by": "length"},
    "weigh_sources": {"weights": {"x": 3.0}},
}


def talk(id: str, asked: str, told: str, **more: object) -> Record:
    messages = (Message("user", asked), Message("assistant", told))
    return replace(Record(id, Origin("rows.jsonl", len(id) + ord(id[-1])), messages), **more)


def labelled(id: str, text: str, label: str, **more: object) -> Record:
    return replace(Record(id, Origin("rows.csv", ord(id[-1])), (Message("user", text),), label=label), **more)


def pair(id: str, chosen: str, rejected: str) -> Record:
    asked = (Message("user", "Name a colour."),)
    return Record(
        id,
        Origin("pairs.jsonl", ord(id[-1])),
        asked,
        chosen=(Message("assistant", chosen),),
        rejected=(Message("assistant", rejected),),
    )


def applied(name, rows, /, **settings):
    return step_named(name, {**NEEDED.get(name, {}), **settings}).apply(rows, MEANS)


def ids(result):
    return [one.id for one in result.records]


MANY = (
    talk("a", "What is the capital of France?", "Paris"),
    talk("b", "what is the capital of FRANCE", "paris."),
    talk("c", "Write a poem\n<noinput>", "As an AI language model, I cannot write poems."),
    talk("d", "说说天气", "今天天气很好，适合出门散步和运动。" * 30),
    labelled("e", "good food", "pos", group="g"),
    labelled("f", "Good food!", "neg", group="g"),
    labelled("g", "good  food", "pos"),
    pair("h", "red", "Red."),
    pair("i", "blue is", "blue is the sky"),
    Record("j", Origin("t.txt", 1), text="plain text ### Response: hello", about={"source": "x"}),
    talk("k", "", "[INST] answer"),
)


@pytest.mark.parametrize("name", [name for name in STEPS.names() if name not in ("drop_leaked", "relabel")])
def test_every_step_keeps_changes_or_drops_each_row_and_says_which(name):
    result = applied(name, MANY)
    dropped = [one.id for one in result.entries if one.what == "dropped"]
    repeated = [one.id for one in result.entries if one.what == "repeated"]
    assert len(result.records) == len(MANY) - len(dropped) + len(repeated)
    assert sorted({*ids(result), *dropped} - set(repeated)) == sorted(one.id for one in MANY)
    by_id = {one.id: one for one in MANY}
    for after in result.records:
        told = any(one.id == after.id and one.what == "changed" for one in result.entries)
        assert after.id in repeated or told == (after != by_id[after.id])
    assert all(one.reason.en and one.reason.zh for one in result.entries)


@pytest.mark.parametrize(
    "name",
    [name for name in STEPS.names() if name not in ("drop_leaked", "relabel", "shuffle", "weigh_sources", "keep_best")],
)
def test_a_step_done_twice_finds_nothing_the_second_time(name):
    once = applied(name, MANY)
    twice = applied(name, once.records)
    assert twice.records == once.records
    assert not twice.entries


def test_equal_rows_are_one_and_different_labels_stay():
    assert ids(applied("drop_duplicates", MANY)) == list("acdefhijk")
    assert "says what rows.jsonl" in applied("drop_duplicates", MANY).entries[0].reason.en


def test_near_duplicates_go_and_the_longest_answer_stays():
    rows = [
        talk("a", "Describe the water cycle in simple words for a child of ten years.", "Rain falls."),
        talk("b", "Describe the water cycle in simple words for a child of ten years!!", "Rain falls. Sun dries."),
        talk("c", "Name three rivers of Europe.", "Rhine, Rhone, Po"),
    ]
    assert ids(applied("drop_duplicates", rows, similar=0.7, keep="longest")) == ["b", "c"]
    assert ids(applied("drop_duplicates", rows)) == ["a", "b", "c"]


def test_near_duplicates_with_other_labels_are_never_merged():
    text = "The food in this place was really good and the staff was friendly to us"
    rows = [labelled("a", f"{text}.", "pos"), labelled("b", f"{text} all", "neg"), labelled("c", f"{text}, all", "pos")]
    assert ids(applied("drop_duplicates", rows, similar=0.8)) == ["a", "b"]


def test_the_majority_decides_contradictions_and_ties_go():
    rows = [*MANY[4:7], labelled("x", "bad", "pos"), labelled("y", "Bad", "neg")]
    result = applied("majority_label", rows)
    assert [(one.id, one.label) for one in result.records] == [("e", "pos"), ("f", "pos"), ("g", "pos")]
    assert {one.id: one.what for one in result.entries} == {"f": "changed", "x": "dropped", "y": "dropped"}
    assert ids(applied("drop_conflicts", rows)) == []


def test_labels_get_new_names_also_among_several():
    several = replace(MANY[4], id="z", label=None, labels=("pos", "positive", "long"))
    result = applied("merge_labels", [MANY[4], MANY[5], several])
    assert [one.label for one in result.records] == ["positive", "neg", None]
    assert result.records[2].labels == ("positive", "long")


def test_placeholders_go_and_a_real_last_line_stays():
    rows = [
        MANY[2],
        talk("x", "Sum up:\nN/A", "-"),
        talk("y", "Write:\n无", "好"),
        talk("z", "Translate\nnone of them", "-"),
    ]
    result = applied("fill_placeholders", rows)
    assert [one.messages[0].content for one in result.records] == [
        "Write a poem",
        "Sum up:",
        "Write:",
        "Translate\nnone of them",
    ]


def test_marks_of_templates_go_and_words_stay():
    rows = [
        talk("a", "Hello <|im_start|>user", "### Response:\nHi<|end|> </s>there"),
        talk("b", "### Task", "Human rights: yes"),
    ]
    result = applied("strip_markup", rows)
    assert result.records[0].messages[0].content == "Hello user"
    assert result.records[0].messages[1].content == "Hi there"
    assert result.records[1] is rows[1]


def test_wrong_decodings_are_undone():
    rows = [
        talk("a", "CafÃ© au lait", "fine"),
        talk("b", "中文很好".encode().decode("gb18030"), "好"),
        talk("c", "Café", "ok"),
    ]
    result = applied("redecode", rows)
    assert [one.prompt for one in result.records] == ["Café au lait", "中文很好", "Café"]


def test_texts_are_written_in_one_form():
    row = talk("a", "你好,世界!  ＡＢＣ１２３\u200b", "a  b \nc\x00")
    assert applied("normalise", [row], width="full").records[0].prompt.startswith("你好，世界！")
    assert "ABC123" in applied("normalise", [row], letters="half").records[0].prompt
    clean = applied("normalise", [row], invisible=True, spaces=True).records[0]
    assert clean.prompt == "你好,世界! ＡＢＣ１２３"
    assert clean.answer == "a b\nc"
    assert applied("normalise", [talk("b", "他说：好。", "对，是")], width="half").records[0].prompt == "他说:好。"


@pytest.mark.parametrize(
    ("name", "goes", "stays"),
    [
        ("drop_refusals", talk("x", "Sing", "As an AI language model, I cannot sing."), talk("y", "Sing", "La la la")),
        ("drop_refusals", talk("x", "唱歌", "抱歉，我无法唱歌。"), talk("y", "唱歌", "啦啦啦")),
        ("drop_repetition", talk("x", "Go", "one two three four " * 20), talk("y", "Go", "one two three four")),
        (
            "drop_copies",
            talk("x", "Tell me about tigers", "Tell me about tigers"),
            talk("y", "Tell me", "They are big"),
        ),
        ("drop_noise", talk("x", "Go", "#$%^&*()!@#$%^&*()_+{}|:<>?#$%^&*()"), talk("y", "Go", "a fine answer")),
        ("drop_equal_pairs", pair("x", "Red.", "red"), pair("y", "red", "blue")),
        ("drop_prefix_pairs", pair("x", "It is red", "It is red, I think"), pair("y", "red", "blue")),
        ("drop_empty", talk("x", "Go", "  "), talk("y", "Go", "on")),
        ("drop_long", talk("x", "Go" * 40, "on"), talk("y", "Go", "on")),
    ],
)
def test_what_goes_and_what_stays(name, goes, stays):
    result = applied(name, [goes, stays])
    assert ids(result) == [stays.id]
    assert [one.id for one in result.entries] == [goes.id]


def test_an_empty_answer_in_the_middle_takes_its_question_along():
    messages = (*talk("a", "One?", "1").messages, *talk("a", "Two?", "").messages)
    result = applied("drop_empty", [Record("a", Origin("f", 1), messages)])
    assert [one.content for one in result.records[0].messages] == ["One?", "1"]


def test_turns_are_brought_in_order():
    said = [
        ("assistant", "Hi"),
        ("user", "A"),
        ("user", "B"),
        ("system", "Be brief"),
        ("assistant", "C"),
        ("user", "D"),
    ]
    messages = tuple(Message(role, content) for role, content in said)
    result = applied("merge_turns", [Record("a", Origin("f", 1), messages)])
    assert [(one.role, one.content) for one in result.records[0].messages] == [
        ("system", "Be brief"),
        ("user", "A\nB"),
        ("assistant", "C"),
    ]


def test_a_long_question_is_cut_in_its_middle_until_the_answer_fits():
    row = talk("a", "begin " + "x" * 400 + " end", "the answer")
    result = applied("cut_prompt", [row, talk("b", "short", "y" * 400)], tokens=100)
    assert ids(result) == ["a"]
    asked = result.records[0].prompt
    assert asked.startswith("begin ")
    assert asked.endswith(" end")
    assert len(asked) + len("the answer") <= 100
    assert result.entries[1].what == "dropped"


def test_groups_and_templates_are_capped():
    rows = [talk(name, f"What is {number} + {number}?", str(2 * number)) for number, name in enumerate("abcd", 1)]
    assert ids(applied("cap_cluster", rows, most=2)) == ["a", "b"]
    assert ids(applied("cap_group", [replace(one, group="u") for one in rows] + [MANY[6]], most=3)) == list("abcg")


def test_a_sample_is_the_same_for_a_seed_and_another_for_another():
    rows = [talk(name, f"Question {name}", name) for name in "abcdefghij"]
    draws = [ids(applied("sample", rows, rows=4, seed=seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    assert draws[0] == sorted(draws[0])
    assert sorted(ids(applied("shuffle", rows))) == sorted("abcdefghij") != ids(applied("shuffle", rows))


def test_sources_stand_in_the_wanted_shares():
    rows = [talk(f"x{n}", f"Q {n}", "a", about={"source": "x"}) for n in range(30)]
    rows += [talk(f"y{n}", f"R {n}", "a", about={"source": "y"}) for n in range(10)]

    def shares(**settings):
        result = applied("weigh_sources", rows, **{"weights": {}, **settings})
        assert len({one.id for one in result.records}) == len(result.records)
        return [sum(one.about["source"] == name for one in result.records) for name in "xy"]

    assert shares() == [30, 10]
    assert shares(weights={"x": 1, "y": 1}) == [20, 20]
    assert shares(temperature=1e9) == [20, 20]
    # n^(1/2): 5.48 : 3.16
    assert shares(temperature=2, rows=100) == [63, 37]


def test_steps_refuse_settings_they_do_not_know():
    with pytest.raises(UsageError, match="unknown key 'similarity'"):
        step_named("drop_duplicates", {"similarity": 0.9})


def test_the_best_by_difficulty_stay_and_those_that_the_question_does_not_help_go_first():
    losses = {("q1", "a"): 0.9, ("", "a"): 1.0, ("q2", "b"): 0.2, ("", "b"): 1.0, ("q3", "c"): 1.5, ("", "c"): 1.0}
    rows = [talk("a", "q1", "a"), talk("b", "q2", "b"), talk("c", "q3", "c")]
    means = Means(losses=lambda pairs: [losses[pair] for pair in pairs])

    def kept(by, share):
        return [one.id for one in step_named("keep_best", {"by": by, "share": share}).apply(rows, means).records]

    assert kept("ifd", 0.3) == ["a"]
    assert kept("ifd", 0.6) == ["a", "b"]
    assert kept("loss", 0.3) == ["b"]
    assert [step_named("keep_best", {"by": by}).wanted for by in ("ifd", "judge", "length")] == [
        ("losses",),
        ("judge",),
        (),
    ]


def test_diverse_rows_cover_the_set():
    topics = ["the weather in the mountains today", "how to bake a chocolate cake", "prices of used cars in Berlin"]
    rows = [talk(f"{at}{n}", f"{topic} {n}", "x") for at, topic in enumerate(topics) for n in range(10)]
    result = step_named("keep_diverse", {"rows": 3}).apply(rows, MEANS)
    assert sorted(one.id[0] for one in result.records) == ["0", "1", "2"]
    flat = [[1.0, 0.0] if one.id[0] == "0" else [0.0, 1.0] for one in rows]
    embedded = step_named("keep_diverse", {"rows": 2}).apply(rows, Means(embed=lambda texts: flat))
    assert len({one.id[0] == "0" for one in embedded.records}) == 2
