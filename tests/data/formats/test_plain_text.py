"""Plain text: by lines, by paragraphs, as a whole; labelled lines stay labelled."""

from pathlib import Path

from taskfit.data.read import Reading, read_rows


def reading(tmp_path: Path, text: str, **asked: object) -> Reading:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    return read_rows(path, plain=True, **asked)  # type: ignore[arg-type]


PROSE = "The sea was calm.\nNo wind blew.\n\nThen it rained.\n"


def test_prose_is_one_row_a_line(tmp_path):
    found = reading(tmp_path, PROSE)
    assert [(row.text, row.target, row.origin.line) for row in found.examples] == [
        ("The sea was calm.", None, 1),
        ("No wind blew.", None, 2),
        ("Then it rained.", None, 4),
    ]


def test_paragraphs_and_whole_files_are_asked_for(tmp_path):
    found = reading(tmp_path, PROSE, format="paragraphs")
    assert [(row.text, row.origin.line) for row in found.examples] == [
        ("The sea was calm.\nNo wind blew.", 1),
        ("Then it rained.", 4),
    ]
    assert [row.text for row in reading(tmp_path, PROSE, format="whole_text").examples] == [PROSE]


def test_labelled_lines_stay_labelled_unless_text_is_asked_for(tmp_path):
    lines = "".join(f"{n % 2} line number {n}\n" for n in range(20))
    assert reading(tmp_path, lines).examples[3].target == "1"
    assert reading(tmp_path, lines, shape="text").examples[3].text == "1 line number 3"
