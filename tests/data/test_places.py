"""Places of rows are kept small and shown as the rows themselves are."""

from taskfit.core.example import Message, Origin
from taskfit.data.finding import Spot, spot
from taskfit.data.places import joined_places, places_of
from taskfit.data.record import Record


def row(number: int, text: str, *, file: str = "f", id: str = "") -> Record:
    return Record(id or f"{file}:{number}", Origin(file, number), (Message("user", text),))


def test_pieces_joined_show_every_row_where_it_stands():
    rows = [row(1, "one"), row(2, "你好吗"), row(7, "", file="g"), row(8, "x" * 200, id="an id"), row(1, "\ud800 half")]
    places = joined_places([places_of(rows[:2]), places_of([]), places_of(rows[2:])])
    assert len(places) == 5
    assert [places.spot(at).place for at in range(5)] == ["f:1", "f:2", "g:7", "f:8", "f:1"]
    assert [places.spot(at) for at in range(3)] == [spot(one) for one in rows[:3]]
    assert places.spot(3) == Spot("f:8", "x" * 60 + "…", "an id")
    assert places.spot(4).excerpt == "? half"
    assert places.ids_of([3, 0]) == ("an id", "f:1")


def test_no_pieces_are_no_places():
    assert len(joined_places([])) == 0
    assert joined_places([]).spots([]) == ()
