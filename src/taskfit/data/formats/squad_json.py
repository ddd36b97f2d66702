"""SQuAD's nested JSON: articles with paragraphs, a paragraph with its questions; one row a question."""

from collections.abc import Iterator, Mapping

from taskfit.core.errors import DataError
from taskfit.core.text import Text
from taskfit.data.json_rows import read_json
from taskfit.data.rows import BadRow, RawRow, Source, Table, columns_of, excerpt_of

SUFFIXES = (".json",)


def likely(source: Source) -> int:
    """Return how likely this is the format of `source`: 0 not, 9 certain."""
    head = source.head
    return 6 if '"paragraphs"' in head and '"qas"' in head and head.lstrip("\ufeff \t\r\n")[:1] in ("{", "[") else 0


def read(source: Source) -> Table:
    """Return one row a question; its line is that of the article."""
    rows = tuple(row for article in read_json(source).rows for row in _of_article(article))
    if all(isinstance(row, BadRow) for row in rows):
        raise DataError(Text("no questions in these paragraphs", "这些段落中没有问题"), where=source.name)
    return Table(columns_of(rows), rows)


def _of_article(article: RawRow | BadRow) -> Iterator[RawRow | BadRow]:
    if isinstance(article, BadRow):
        yield article
        return
    paragraphs = article.fields.get("paragraphs")
    if not isinstance(paragraphs, list):
        what = Text("an article without a list of paragraphs", "文章没有段落列表")
        yield BadRow(article.line, what, excerpt_of(str(article.fields.get("title", ""))))
        return
    title = {"title": article.fields["title"]} if "title" in article.fields else {}
    for paragraph in paragraphs:
        yield from _of_paragraph(article.line, paragraph, title)


def _of_paragraph(line: int, paragraph: object, title: Mapping[str, object]) -> Iterator[RawRow | BadRow]:
    questions = paragraph.get("qas") if isinstance(paragraph, Mapping) else None
    if not isinstance(paragraph, Mapping) or not isinstance(questions, list):
        yield BadRow(line, Text("a paragraph without a list of questions (qas)", "段落没有问题列表（qas）"))
        return
    for question in questions:
        if isinstance(question, Mapping):
            told = {str(name): value for name, value in question.items()}
            yield RawRow(line, {**title, "context": paragraph.get("context"), **told})
        else:
            yield BadRow(line, Text("a question is an object", "问题应是对象"), excerpt_of(str(question)))
