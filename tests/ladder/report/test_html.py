"""The page: only data in it, nothing asked of anyone, everything in its place."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ladder.report.samples import HOSTILE, hostile_report, sample_report, sample_rows
from taskfit.ladder.report.html import report_page
from taskfit.ladder.report.visible import visible

ATTRIBUTES = {
    *(
        "aria-label",
        "autocomplete",
        "checked",
        "charset",
        "class",
        "content",
        "for",
        "http-equiv",
        "id",
        "lang",
        "name",
    ),
    *("open", "role", "type", "value", "data-rung", "data-right", "data-wrong", "viewbox", "d", "r", "cx", "cy"),
    *("x", "y", "x1", "x2", "y1", "y2", "width", "height", "fill-opacity"),
}
ORDER = [
    *(
        "verdict",
        "ladder",
        "table",
        "forgetting",
        "failed",
        "curves",
        "trials",
        "classes",
        "rows",
        "examples",
        "prompts",
    ),
    *("calibration", "warnings", "repeat"),
]
OPEN_ENDED = {"meta", "input", "wbr"}


class Page(HTMLParser):
    """Collects tags, attributes and texts, and checks that every element is closed."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in OPEN_ENDED:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self._open[-1:] == ["style"]:
            self.styles.append(data)
        else:
            self.text += data


@pytest.fixture(scope="module")
def hostile_page() -> str:
    return report_page(*hostile_report(), "en")


def test_sections_stand_in_their_order() -> None:
    page = report_page(sample_report(60), sample_rows(60), "en")
    assert re.findall(r'<section id="([a-z]+)"|<section[^>]* id="([a-z]+)"', page) == [(one, "") for one in ORDER]


def test_hostile_data_adds_no_element_and_no_attribute(hostile_page: str) -> None:
    page = Page(hostile_page)
    assert not {"img", "iframe", "a", "link", "object", "base", "form"} & set(page.tags)
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert page.tags.count("script") == 2
    assert visible(HOSTILE) in page.text


def test_control_and_bidi_characters_are_made_visible(hostile_page: str) -> None:
    assert "\x1b" not in hostile_page
    assert "\u202e" not in hostile_page
    assert "\\x1b[31m\\u202e" in hostile_page


def test_the_data_block_is_json_that_no_text_can_end(hostile_page: str) -> None:
    block = Page(hostile_page).scripts[0]
    assert not set("<>&") & set(block)
    data = json.loads(block)
    assert len(data["rows"]) == 40
    assert data["rows"][0][1] == visible(HOSTILE)


def test_the_policy_allows_this_style_and_script_and_nothing_else(hostile_page: str) -> None:
    page = Page(hostile_page)
    policy = next(value for name, value in page.attributes if name == "content" and "default-src" in str(value))
    (style,), script = page.styles, page.scripts[-1]
    for text in (style, script):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in str(policy)
    assert str(policy).startswith("default-src 'none'; ")
    assert "unsafe" not in str(policy)
    assert hostile_page.index("Content-Security-Policy") < hostile_page.index("<style")
    assert not re.search(r"url\(|@import|https?:", style + script)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|fetch\(|XMLHttp", script)


def test_everything_is_said_in_both_languages() -> None:
    page = report_page(sample_report(60), sample_rows(60), "en")
    english, chinese = (len(re.findall(rf'<(?:span|tspan) lang="{one}">', page)) for one in ("en", "zh"))
    assert english == chinese > 100


def test_many_labels_show_the_most_confused_pairs_and_a_compact_map() -> None:
    labels = tuple(f"reason_{number}" for number in range(77))
    page = report_page(sample_report(300, labels), sample_rows(300, labels), "en")
    assert "All 77 labels" in page
    assert page.count('class="heat-map"') == 7
    assert "confusion" not in re.findall(r'<table class="([a-z]+)"', page)


def test_the_page_stays_small_with_many_rows() -> None:
    page = report_page(sample_report(2000), sample_rows(2000), "en")
    assert len(page.encode()) < 1_500_000
    assert page.count("<tr>") < 400


def test_a_browser_runs_the_page_and_asks_nobody(hostile_page: str, tmp_path: Path) -> None:
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("no chromium on this machine")
    path = tmp_path / "report.html"
    path.write_text(hostile_page, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
    options += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={tmp_path / 'user'}"]
    seen = subprocess.run(
        [browser, *options, "--enable-logging=stderr", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "1–25 of 40 rows" in seen.stdout
    assert "<img" not in seen.stdout
    assert "CONSOLE" not in seen.stderr
