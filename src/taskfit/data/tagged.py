"""Rows that name entities or several labels (as lists) become rows of a text and one target; other rows stay as they are.

Known: words with their tags (`tokens`, `ner_tags`); a text with its entities as objects, as [start, end, kind], or as
{kind: {words: [[first, last]]}} (CLUENER); a text with a list of labels. What is meant is seen from the whole file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from taskfit.core.target import Span, names_text, spans_text
from taskfit.core.text import Text
from taskfit.data.bio import is_tag, spans_of_tags
from taskfit.data.columns import ALPACA, CONVERSATIONS, LABELS, TEXTS, Columns
from taskfit.data.rows import BadRow, RawRow, Table, columns_of, excerpt_of
from taskfit.data.words_of import join
from taskfit.data.wrong import Wrong

WORDS = ("tokens", "words", "token")
TAGS = ("ner_tags", "tags", "ner", "bio_tags", "labels", "label")
ENTITIES = ("entities", "spans", "entity", "ner", "annotations", "实体")
SEVERAL = ("labels", "label", "categories", "tags", "classes", "topics", "标签", "类别")
STARTS, ENDS = ("start", "start_offset", "begin", "start_idx"), ("end", "end_offset", "stop", "end_idx")
KINDS, SAID = (
    ("label", "type", "entity", "entity_group", "entity_type", "ner"),
    ("text", "word", "mention", "entity_text"),
)

Change = Callable[[RawRow], RawRow | BadRow]


@dataclass(frozen=True)
class Tagged:
    """The table, its text and target as texts, and the columns in which they stand now."""

    table: Table
    columns: Columns | None


class _Wrong(Wrong):
    """Why a row does not say what the others say."""

    def __init__(self, en: str, zh: str):
        super().__init__(Text(en, zh))


def with_targets(table: Table, asked: Columns | None) -> Tagged:
    """Return the table with one target a row where it names entities or several labels; else as it is."""
    names = set(table.columns)
    if names & set(CONVERSATIONS) or names.issuperset(ALPACA) or (asked is not None and asked.messages):
        return Tagged(table, asked)
    given = asked or Columns()
    found = _of_words(table, given) or _of_text(table, given)
    if found is None:
        return Tagged(table, asked)
    change, columns = found
    rows = tuple(row if isinstance(row, BadRow) else _changed(row, change) for row in table.rows)
    return Tagged(Table(columns_of(rows) or table.columns, rows), columns)


def _changed(row: RawRow, change: Change) -> RawRow | BadRow:
    try:
        return change(row)
    except _Wrong as wrong:
        shown = next((str(value) for value in row.fields.values()), "")
        return BadRow(row.line, wrong.reason, excerpt_of(shown))


def _of_words(table: Table, asked: Columns) -> tuple[Change, Columns] | None:
    """Rows of words with a tag for each."""
    words = _column(table, (asked.text,) if asked.text else WORDS, _texts)
    tags = _column(table, (asked.label,) if asked.label else TAGS, _tags)
    if words is None or tags is None or words == tags:
        return None

    def change(row: RawRow) -> RawRow:
        found = tagged_words(row.fields.get(words), row.fields.get(tags), (words, tags))
        return _with(row, (words, tags), {words: found.text, tags: spans_text(found.spans)})

    return change, replace(asked, text=words, label=tags)


@dataclass(frozen=True)
class TaggedWords:
    """Words joined to a text, and the entities that their tags tell, in characters of it."""

    words: tuple[str, ...]
    text: str
    spans: tuple[Span, ...]


def tagged_words(said: object, told: object, names: tuple[str, str]) -> TaggedWords:
    """Return what a list of words and a list of their tags say; raise Wrong when they are none. `names` are the columns."""
    words, tags = names
    if not _texts(said) or not isinstance(told, list) or not _tags(told):
        raise _Wrong(f"'{words}' or '{tags}' is no list of words or tags", f"'{words}' 或 '{tags}' 不是词或标记的列表")
    assert isinstance(said, list)
    if len(said) != len(told):
        raise _Wrong(f"{len(said)} words, but {len(told)} tags", f"{len(said)} 个词，却有 {len(told)} 个标记")
    strange = next((str(tag) for tag in told if not is_tag(str(tag))), None)
    if strange is not None:
        raise _Wrong(
            f"the tag '{strange}' is not O or a form of B-KIND (write names, not numbers)",
            f"标记 '{strange}' 既不是 O 也不是 B-类别 的形式（请写名称而不是编号）",
        )
    joined = join([str(word) for word in said])
    spans = {joined.characters(span) for span in spans_of_tags([str(tag) for tag in told])}
    return TaggedWords(tuple(map(str, said)), joined.text, tuple(sorted(spans)))


def _of_text(table: Table, asked: Columns) -> tuple[Change, Columns] | None:
    """Rows of a text with its entities, or with a list of labels."""
    text = _column(table, (asked.text,) if asked.text else TEXTS, lambda value: isinstance(value, str), any_case=True)
    plain = _column(table, LABELS, lambda value: isinstance(value, (str, bool)), any_case=True, but=text)
    if text is None or (plain is not None and asked.label is None):
        return None
    entities = _column(
        table, (asked.label,) if asked.label else (*ENTITIES, *LABELS), _entities, any_case=True, but=text
    )
    several = _column(table, (asked.label,) if asked.label else SEVERAL, _texts, any_case=True, but=text)
    label = entities or several
    if label is None:
        return None
    read = _entities_text if entities else _labels_text

    def change(row: RawRow) -> RawRow:
        said = row.fields.get(text)
        if not isinstance(said, str):
            raise _Wrong(f"'{text}' is no text", f"'{text}' 不是文本")
        return _with(row, (label,), {label: read(said, row.fields.get(label))})

    return change, replace(asked, text=text, label=label)


def _with(row: RawRow, old: Sequence[str], new: Mapping[str, str]) -> RawRow:
    kept = {name: value for name, value in row.fields.items() if name not in old}
    return RawRow(row.line, {**new, **kept})


def _column(
    table: Table,
    names: Sequence[str],
    fits: Callable[[object], bool],
    *,
    any_case: bool = False,
    but: str | None = None,
) -> str | None:
    """Return the first of the columns whose first value that is not empty `fits`."""
    by_name = {name.strip().casefold() if any_case else name: name for name in reversed(table.columns)}
    for name in names:
        column = by_name.get(name.strip().casefold() if any_case else name)
        if column is None or column == but:
            continue
        values = (row.fields.get(column) for row in table.rows if isinstance(row, RawRow))
        first = next((value for value in values if value not in (None, "", [], {})), None)
        if first is not None and fits(first):
            return column
    return None


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)


def _tags(value: object) -> bool:
    """Tags, or the numbers that stand for them: those are refused row by row, with the reason."""
    return _texts(value) and isinstance(value, list) and all(is_tag(one) or one.isdecimal() for one in value)


def _entities(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(one, dict) for one in value.values())
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(one, dict) or (isinstance(one, list) and len(one) == 3) for one in value)


def _labels_text(said: str, value: object) -> str:
    del said
    if value == []:
        return names_text(())
    if not isinstance(value, list) or not all(isinstance(one, str) and one.strip() for one in value):
        raise _Wrong("the labels are no list of texts", "标签不是文本列表")
    return names_text(str(one) for one in value)


def _entities_text(said: str, value: object) -> str:
    return spans_text(spans_in(said, value))


def spans_in(said: str, value: object) -> tuple[Span, ...]:
    """Return the entities of the text `said` in any of the known forms, sorted; raise Wrong when they are none."""
    if isinstance(value, dict):
        return tuple(sorted(set(_by_kind(said, value))))
    if not isinstance(value, list):
        raise _Wrong("the entities are no list", "实体不是列表")
    return tuple(sorted({_entity(said, one) for one in value}))


def _by_kind(said: str, value: Mapping[str, object]) -> list[Span]:
    """Return entities written as {kind: {words: [[first, last], ...]}}; `last` is the last character."""
    spans = []
    for kind, words in value.items():
        if not isinstance(words, dict):
            raise _Wrong(f"the entities of the kind '{kind}' are no object", f"类别 '{kind}' 的实体不是对象")
        for surface, places in words.items():
            for place in places if isinstance(places, list) else [None]:
                if not isinstance(place, list) or len(place) != 2:
                    raise _Wrong(f"'{surface}' has no [first, last] places", f"'{surface}' 没有 [起, 止] 位置")
                spans.append(_checked(said, (place[0], place[1]), kind, surface))
    return spans


def _entity(said: str, one: object) -> Span:
    if isinstance(one, list) and len(one) == 3:
        return _checked(said, (one[0], one[1]), one[2], None)
    if not isinstance(one, dict):
        raise _Wrong("an entity is no object and no [start, end, kind]", "实体既不是对象也不是 [起, 止, 类别]")
    start, end, kind, surface = (next((one[name] for name in names if name in one), None) for names in _PARTS)
    return _checked(said, (start, end), kind, surface)


_PARTS = (STARTS, ENDS, KINDS, SAID)


def _checked(said: str, place: tuple[object, object], kind: object, surface: object) -> Span:
    """Return the entity; where its words are told they must stand there, `end` being the last or the one after it."""
    whole = all(isinstance(one, (str, int)) and str(one).isdecimal() for one in place)
    if not whole or not isinstance(kind, str) or not kind.strip():
        shown = f"{place[0]}, {place[1]}, {kind}"
        raise _Wrong(f"an entity needs start, end and kind, not {shown}", f"实体需要起、止位置与类别，而不是 {shown}")
    start, end = (int(str(one)) for one in place)
    if isinstance(surface, str) and said[start:end] != surface and said[start : end + 1] == surface:
        end += 1
    if not start < end <= len(said):
        raise _Wrong(
            f"characters {start} to {end} are no part of a text of {len(said)}",
            f"第 {start} 到 {end} 个字符不在长度为 {len(said)} 的文本中",
        )
    if isinstance(surface, str) and said[start:end] != surface:
        raise _Wrong(
            f"at {start} to {end} stands '{said[start:end]}', not '{surface}'",
            f"第 {start} 到 {end} 个字符是 '{said[start:end]}'，而不是 '{surface}'",
        )
    return Span(start, end, kind.strip())
