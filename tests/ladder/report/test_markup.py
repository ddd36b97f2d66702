"""Markup by construction."""

import json

from taskfit.core.text import Text, same
from taskfit.ladder.report.markup import breakable, data_block, el


def test_strings_are_text_and_elements_are_not() -> None:
    assert el("p", "a<b", el("b", "&"), None, ["x", "y"]) == "<p>a&lt;b<b>&amp;</b>xy</p>"


def test_attributes_are_quoted_and_escaped() -> None:
    assert el("i", class_="a\" onclick='x", data_n=1.5, open=True, hidden=False) == (
        '<i class="a&quot; onclick=&#x27;x" data-n="1.5" open></i>'
    )


def test_both_languages_are_written_unless_they_are_the_same() -> None:
    assert el("p", Text("yes", "是")) == '<p><span lang="en">yes</span><span lang="zh">是</span></p>'
    assert el("text", Text("yes", "是")) == '<text><tspan lang="en">yes</tspan><tspan lang="zh">是</tspan></text>'
    assert el("p", same("lora")) == "<p>lora</p>"


def test_a_data_block_holds_what_was_put_in() -> None:
    value = {"a": "</script><!--&\u2028"}
    block = data_block("x", value)
    assert block.count("<") == 2
    assert json.loads(block.split(">", 1)[1].rsplit("<", 1)[0]) == value


def test_names_may_be_broken_after_joints() -> None:
    assert "".join(breakable("last_layers<")) == "last_<wbr>layers&lt;"
