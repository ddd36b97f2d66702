"""A file of rows becomes Examples: used rows and listed rows, together as many as the file holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from taskfit.core.catalog import Catalog
from taskfit.core.errors import SHOWN_FINDINGS, DataError, Finding
from taskfit.core.example import Example, Origin
from taskfit.core.text import Text
from taskfit.data.beyond_columns import examples_by_shape, shape_beyond_columns
from taskfit.data.columns import Columns, Shape, recognise
from taskfit.data.labelled_lines import hold_labels
from taskfit.data.listed import FileFacts as FileFacts
from taskfit.data.listed import ListedKind as ListedKind
from taskfit.data.listed import ListedRow as ListedRow
from taskfit.data.listed import placed as placed
from taskfit.data.rows import BadRow, Source, Table, excerpt_of, load, no_rows, split_lines
from taskfit.data.tagged import with_targets
from taskfit.data.understand import Understood, Unusable, understand

FORMATS = Catalog("taskfit.data.formats", "format")

NO_TARGET = Text(
    "its last answer is more than words (a thought, a tool call): nothing that an answer could be held against",
    "最后的回答不只是文字（含思考或工具调用），没有可供比对的答案",
)


class Format(Protocol):
    """What every file of `data/formats/` offers."""

    SUFFIXES: tuple[str, ...]

    def likely(self, source: Source) -> int:
        """Return how likely this is the format of `source`: 0 not, 9 certain."""
        ...

    def read(self, source: Source) -> Table:
        """Return the rows of `source`."""
        ...


@dataclass(frozen=True)
class Reading:
    """The rows of one file: `examples` are used, `listed` are not; together they are all rows of the file."""

    examples: tuple[Example, ...]
    listed: tuple[ListedRow, ...]
    facts: FileFacts


def read_rows(
    path: Path | str,
    *,
    columns: Columns | None = None,
    encoding: str | None = None,
    format: str | None = None,
    shape: Shape | None = None,
    plain: bool = False,
) -> Reading:
    """Read a file of rows (CSV, TSV, JSON, JSONL, Parquet, Alpaca, conversations, text) into Examples.

    `shape` says what the rows are; left out, it is recognised by the columns. With `plain`, rows without a target
    are rows, too: plain text, and conversations that end with more than words. Labels stay the text that stands in the file. Rows that cannot be used are listed with their line and
    reason. Raises DataError when the file as a whole cannot be used or no row of it can.
    """
    source = load(Path(path), encoding=encoding)
    name = format or (recognise_plain(source, shape) if plain or shape == "text" else recognise_format(source))
    table = format_named(name).read(source)
    if not table.rows:
        raise no_rows(source.name, _only_columns(table))
    coded = "binary" if name == "parquet" else source.decoded.encoding
    beyond = shape_beyond_columns(source.name, table) if columns is None and shape is None else None
    if beyond is not None:
        found = examples_by_shape(source.name, table, beyond, plain=plain)
        if not found.examples:
            raise _nothing_left(source, found.listed)
        known = FileFacts(
            source.name, name, coded, len(table.rows), source.sha256, table.columns, found.roles, shape=beyond
        )
        return Reading(found.examples, found.listed, known)
    if shape in (None, "labelled"):
        tagged = with_targets(table, columns)
        table, columns = tagged.table, tagged.columns
    roles = _roles(source, table, columns, shape, plain=plain or shape == "text")
    examples, listed = _sort_rows(source, table, roles, plain=plain or shape == "text")
    if not examples:
        raise _nothing_left(source, listed)
    facts = FileFacts(source.name, name, coded, len(table.rows), source.sha256, table.columns, roles)
    assert len(examples) + len(listed) == facts.rows
    return Reading(examples, listed, facts)


def format_named(name: str) -> Format:
    """Return the format `name`; raise UsageError when there is none."""
    return cast(Format, FORMATS.module(name))


def recognise_format(source: Source) -> str:
    """Return the name of the format that fits the file's name and content best."""
    return max(FORMATS.names(), key=lambda name: format_named(name).likely(source))


def recognise_plain(source: Source, shape: Shape | None) -> str:
    """Return the name of the format where plain text may be meant: lines of text without labels are rows of text."""
    name = recognise_format(source)
    if name != "labelled_text":
        return name
    if shape == "text":
        return "plain_text"
    lines = [line for line in split_lines(source.text.removeprefix("\ufeff")) if line.strip()]
    return name if shape is not None or hold_labels(lines) else "plain_text"


def _roles(source: Source, table: Table, asked: Columns | None, shape: Shape | None, *, plain: bool) -> Columns:
    if not table.columns:
        raise _nothing_left(source, [_broken(source, row) for row in table.rows if isinstance(row, BadRow)])
    return recognise(table.columns, asked, where=source.name, shape=shape, plain=plain)


def _sort_rows(
    source: Source, table: Table, roles: Columns, *, plain: bool
) -> tuple[tuple[Example, ...], tuple[ListedRow, ...]]:
    examples: list[Example] = []
    listed: list[ListedRow] = []
    for row, origin in placed(source.name, table.rows):
        if isinstance(row, BadRow):
            listed.append(_broken(source, row))
            continue
        meant = understand(row.fields, roles)
        if isinstance(meant, Unusable):
            listed.append(ListedRow(source.name, row.line, meant.reason, excerpt_of(meant.shown), row=origin.row))
        elif meant.target is None and not plain:
            shown = excerpt_of(meant.messages[-1].content)
            listed.append(ListedRow(source.name, row.line, NO_TARGET, shown, row=origin.row))
        else:
            examples.append(_example(origin, meant))
    return tuple(examples), tuple(listed)


def _example(origin: Origin, meant: Understood) -> Example:
    return Example(str(origin), meant.messages, meant.target, origin, meant.group, meant.tools)


def _broken(source: Source, row: BadRow) -> ListedRow:
    return ListedRow(source.name, row.line, row.reason, row.excerpt, "broken")


def _only_columns(table: Table) -> Text | None:
    if not table.columns:
        return None
    shown = ", ".join(table.columns[:20])
    return Text(f"no rows, only the header line: {shown}", f"没有数据行，只有表头：{shown}")


def _nothing_left(source: Source, listed: Iterable[ListedRow]) -> DataError:
    rows = list(listed)
    head = Finding(source.name, Text(f"none of the {len(rows)} rows can be used", f"{len(rows)} 行中没有一行可用"))
    return DataError([head, *(row.finding for row in rows[: SHOWN_FINDINGS - 1])])
