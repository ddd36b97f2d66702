"""Two versions of a data set."""

from dataclasses import replace

from taskfit.core.example import Message, Origin
from taskfit.data.record import Record
from taskfit.data.versions import compare


def row(id: str, text: str, **about: str) -> Record:
    return Record(id, Origin("f", 1), (Message("user", text),), label="a", about=about)


def test_rows_are_same_added_removed_or_changed():
    before = [row("a", "one"), row("b", "two"), row("c", "three"), row("d", "one")]
    after = [row("z", "two"), row("a", "one"), row("c", "3"), row("e", "four"), row("f", "five", parent="d")]
    found = compare(before, after)
    assert found.same == 2
    assert [one.id for one in found.added] == ["e"]
    assert [(one.id, other.id) for one, other in found.changed] == [("c", "c"), ("d", "f")]
    assert found.removed == ()


def test_copies_are_counted_as_often_as_they_occur():
    found = compare([row("a", "one"), row("b", "one")], [row("a", "one")])
    assert (found.same, [one.id for one in found.removed]) == (1, ["b"])


def test_where_a_row_stands_is_no_change():
    rows = [row(name, name) for name in "abc"]
    moved = [replace(one, origin=Origin("other", 9)) for one in reversed(rows)]
    found = compare(rows, moved)
    assert (found.same, found.added, found.removed, found.changed) == (3, (), (), ())


def test_a_label_alone_is_a_change():
    found = compare([row("a", "one")], [replace(row("a", "one"), label="b")])
    assert len(found.changed) == 1
