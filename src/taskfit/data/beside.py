"""What stands in a row beside its own fields: an id, a group, what is known of the row, fields that nobody reads."""

from collections.abc import Mapping
from dataclasses import replace

from taskfit.core.example import Origin
from taskfit.data.cells import Fields
from taskfit.data.columns import GROUPS
from taskfit.data.record import Record
from taskfit.data.shape import RowShape, folded
from taskfit.data.wrong import whole_text

ABOUT = frozenset(
    (
        *("source", "license", "lang", "generator", "judge", "annotator", "template", "split", "parent", "task"),
        *("source_lang", "target_lang"),
    )
)
ID = "id"


class Seen(dict[str, object]):
    """The fields of a row, which remembers those that were looked at."""

    def __init__(self, fields: Fields):
        super().__init__(fields)
        self.looked_at: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.looked_at.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: object = None) -> object:
        """Return a field and remember it."""
        self.looked_at.add(name)
        return super().get(name, default)


def completed(record: Record, seen: Seen, names: Mapping[str, str], origin: Origin) -> Record:
    """Return the record with its place, its id, and whatever of the row was not looked at; `names` are as written."""
    left = {name: value for name, value in seen.items() if name not in seen.looked_at}
    identity, group = record.id, record.group
    about, extra = dict(record.about), dict(record.extra)
    for name, value in left.items():
        if name == ID and isinstance(value, str) and value.strip():
            identity = whole_text(ID, value)
        elif name in GROUPS and group is None and isinstance(value, str) and value:
            group = whole_text(name, value)
        elif name in ABOUT and isinstance(value, str) and value and name not in about:
            about[name] = whole_text(name, value)
        elif value is not None and value != "":
            extra.setdefault(names.get(name, name), value)
    return replace(record, id=identity or str(origin), origin=origin, group=group, about=about, extra=extra)


def read_back(cells: Fields, shape: RowShape, origin: Origin) -> Record:
    """Return the record that will be read from the fields of a row; raise Wrong where they are none."""
    seen = Seen(folded(cells))
    return completed(shape.read(seen), seen, {name.strip().casefold(): name for name in cells}, origin)


def fields_of(record: Record, shape: RowShape) -> dict[str, object]:
    """Return all fields of a record in a shape: its id, what the shape writes, and what stands beside it."""
    told = shape.write(record)
    if "extra.*" in shape.HOLDS:
        return told
    fields: dict[str, object] = {ID: record.id} if record.owns_id and ID not in told else {}
    fields |= told
    if record.group is not None:
        fields.setdefault("group", record.group)
    for name, value in record.about.items():
        if f"about.{name}" not in shape.HOLDS:
            fields.setdefault(name, value)
    for name, kept in record.extra.items():
        fields.setdefault(name, kept)
    return fields
