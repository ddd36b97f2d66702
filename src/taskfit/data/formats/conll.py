"""CoNLL: one word and its tag (BIO, BIOES, BMES) a line, a blank line between sentences; a sentence is a row."""

from collections.abc import Iterator, Sequence

from taskfit.core.errors import DataError
from taskfit.core.target import spans_text
from taskfit.core.text import Text
from taskfit.data.bio import is_tag, names_a_kind, spans_of_tags
from taskfit.data.rows import BadRow, RawRow, Source, Table, excerpt_of, no_rows, split_lines
from taskfit.data.words_of import join

SUFFIXES = (".conll", ".bio", ".bioes", ".bmes", ".iob", ".iob2", ".ner")
COLUMNS = ("text", "label")
DOCUMENT = "-DOCSTART-"

Line = tuple[int, str]


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    lines = [line for line in split_lines(source.head.removeprefix("\ufeff"))[:400] if line.strip()]
    if len(lines) > 1 and len(source.head) < len(source.content):
        lines.pop()  # it may be cut
    cells = [line.split() for line in lines if not _is_mark(line)]
    tagged = cells and all(len(one) > 1 and is_tag(one[-1]) for one in cells)
    if tagged and any(names_a_kind(one[-1]) for one in cells):
        return 8
    return 7 if source.suffix in SUFFIXES else 0


def read(source: Source) -> Table:
    """Return one row a sentence: its text, and its entities in characters of the text."""
    rows = tuple(_row(sentence) for sentence in _sentences(split_lines(source.text.removeprefix("\ufeff"))))
    if not rows:
        raise no_rows(source.name)
    if all(isinstance(row, BadRow) for row in rows):
        raise DataError(
            Text("no word has a tag here", "这里没有带标记的词"),
            where=source.name,
            todo=Text("write `word<TAB>B-KIND` or `word<TAB>O`, one a line", "每行写成 `词<TAB>B-类别` 或 `词<TAB>O`"),
        )
    return Table(COLUMNS, rows)


def _sentences(lines: Sequence[str]) -> Iterator[list[Line]]:
    sentence: list[Line] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not _is_mark(line):
            sentence.append((number, line))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _is_mark(line: str) -> bool:
    """Whether a line is about the file: a document begins, or a comment as CoNLL-U has them."""
    return line.startswith(DOCUMENT) or (line.startswith("# ") and not is_tag(line.split()[-1]))


def _row(sentence: Sequence[Line]) -> RawRow | BadRow:
    words, tags = [], []
    for number, line in sentence:
        cells = line.split()
        if len(cells) < 2 or not is_tag(cells[-1]):
            what = Text(
                "no tag such as O or B-PER ends this line, so its sentence is not used",
                "这一行末尾没有 O 或 B-PER 之类的标记，因此整句不用",
            )
            return BadRow(number, what, excerpt_of(line))
        words.append(cells[0])
        tags.append(cells[-1])
    joined = join(words)
    entities = spans_text(joined.characters(span) for span in spans_of_tags(tags))
    return RawRow(sentence[0][0], {"text": joined.text, "label": entities})
