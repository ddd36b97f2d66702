"""The report as Markdown."""

import re
from dataclasses import replace

from ladder.report.samples import hostile_report, sample_report
from taskfit.ladder.report.markdown import escaped, report_markdown

HEAD = r"""# taskfit: reviews

**Stop at lora: 87.0 % accuracy; full fine-tuning adds 0.5 points \[−2.1, 3.1\], not a difference that these rows can show, and takes 3.1 times as long to adapt.**

- head: head beats knn\_shot by 8.5 points at a third of its cost.
"""
ZH_TABLE = """## 各级台阶

| 台阶 | 准确率 %［95\u00a0%\u00a0区间］ | 差异（百分点） | p（Holm） | 每千次费用 | 适配用时 | 遗忘 | 延迟 p50 / p95（毫秒） | 峰值内存 | 训练参数量 | 查看次数 |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def test_reads_as_it_should_in_english() -> None:
    text = report_markdown(sample_report(), "en")
    assert text.startswith(HEAD)
    assert "| **lora** (stop here) | **87.0 \\[83.2, 90.8\\]** |" in text
    assert "- dpo (not possible): the rows have no rejected answers" in text
    assert "  - unknown label 'maybe': 7" in text


def test_reads_as_it_should_in_chinese() -> None:
    text = report_markdown(sample_report(), "zh")
    assert ZH_TABLE.replace("\u00a0", " ") in text.replace("\u00a0", " ")
    assert "- dpo (不可行): 数据中没有被拒绝的回答" in text
    assert "## 警告" in text


def test_data_cannot_become_markdown_or_html() -> None:
    report, _ = hostile_report()
    text = report_markdown(report, "en")
    assert not re.search(r"(?<!\\)<|(?<!\\)&", text)
    assert "\x1b" not in text


def test_every_table_line_has_as_many_cells_as_its_head() -> None:
    report = sample_report(20)
    piped = replace(report, measurements=tuple(replace(one, rung=f"a|b\nc{one.rung}") for one in report.measurements))
    lines = report_markdown(piped, "en").splitlines()
    bars = [len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("|")]
    assert set(bars) == {12, 9, 6, 11}


def test_escapes_what_would_start_a_list_a_link_or_a_heading() -> None:
    assert escaped("# a") == r"\# a"
    assert escaped("1. a-b [x](http://y)") == r"1\. a-b \[x\](http\://y)"
    assert escaped("- a\nb") == r"\- a b"
