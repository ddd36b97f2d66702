"""One row of a known shape becomes a record: mended where little is wrong, with whatever stands beside it."""

from dataclasses import dataclass

from taskfit.core.example import Origin
from taskfit.core.text import Text
from taskfit.data.beside import Seen, completed
from taskfit.data.cells import Fields
from taskfit.data.mend import mended
from taskfit.data.record import Record
from taskfit.data.shape import RowShape, folded


@dataclass(frozen=True)
class RowRead:
    """The record, what was mended before, and the fields (in small letters) that it was made of."""

    record: Record
    mended: tuple[Text, ...]
    used: frozenset[str]


def read_row(shape: RowShape, fields: Fields, origin: Origin) -> RowRead:
    """Return the row as a record; raise Wrong with the field and the reason when it is none."""
    low = folded(fields)
    names = {name.strip().casefold(): name for name in fields} if low is not fields else {}
    better, told = mended(low, shape)
    seen = Seen(better)
    bare = shape.read(seen)
    used = frozenset(seen.looked_at & seen.keys())
    return RowRead(completed(bare, seen, names, origin), told, used)
