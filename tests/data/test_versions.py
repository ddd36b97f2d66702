"""Two versions of a data set."""

from dataclasses import replace

from taskfit.core.example import Message, Origin
from taskfit.data.record import Record
from taskfit.data.versions import compare


def row(id: str, text: str, label: str = "a") -> Record:
    return Record(id, Origin("f", 1), (Message("user", text),), label=label)


def talk(id: str, asked: str, told: str) -> Record:
    return Record(id, Origin("f", 1), (Message("user", asked), Message("assistant", told)))


def ids(rows):
    return [one.id for one in rows]


def test_rows_are_same_added_removed_or_changed_by_their_ids():
    before = [row("a", "one"), row("b", "two"), row("c", "three"), row("d", "seventeen")]
    after = [row("z", "two"), row("a", "one"), row("c", "3"), row("e", "four")]
    found = compare(before, after)
    assert found.same == 2
    assert (ids(found.added), ids(found.removed)) == (["e"], ["d"])
    assert [(one.id, other.text or other.prompt) for one, other in found.changed] == [("c", "3")]


def test_rows_without_ids_of_their_own_are_matched_by_what_they_say():
    water = "Describe the water cycle in simple words for a child of ten years."
    before = [
        talk("f:1", "What is red?", "a colour"),
        talk("f:2", "Name a tree", "An oak is a tree that grows slowly"),
        talk("f:3", water, "Rain falls."),
        talk("f:4", "Gone", "yes"),
    ]
    after = [
        talk("g:9", f"{water} Be brief!", "Rain falls down."),
        talk("g:1", "what is RED", "A colour of blood"),
        talk("g:2", "Tell me of some tree", "an oak is a tree that grows slowly."),
        talk("g:5", "New here", "no"),
    ]
    before = [replace(one, origin=Origin("f", int(one.id[2:]))) for one in before]
    after = [replace(one, origin=Origin("g", int(one.id[2:]))) for one in after]
    found = compare(before, after)
    assert [(one.id, other.id) for one, other in found.changed] == [("f:3", "g:9"), ("f:1", "g:1"), ("f:2", "g:2")]
    assert (ids(found.added), ids(found.removed)) == (["g:5"], ["f:4"])


def test_copies_are_counted_as_often_as_they_occur():
    found = compare([row("a", "one"), row("b", "one")], [row("a", "one")])
    assert (found.same, ids(found.removed)) == (1, ["b"])


def test_where_a_row_stands_is_no_change():
    rows = [row(name, name) for name in "abc"]
    moved = [replace(one, origin=Origin("other", 9)) for one in reversed(rows)]
    found = compare(rows, moved)
    assert (found.same, found.added, found.removed, found.changed) == (3, (), (), ())


def test_a_label_alone_is_a_change():
    found = compare([row("a", "one")], [row("a", "one", "b")])
    assert len(found.changed) == 1
