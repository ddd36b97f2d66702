"""Which column is what: text, label, group, or the fields of an instruction row."""

from collections.abc import Sequence
from dataclasses import dataclass

from taskfit.core.errors import DataError
from taskfit.core.text import Text, did_you_mean

TEXTS = (
    *("text", "sentence", "seq", "content", "review", "comment", "comment_text", "question", "query", "prompt"),
    *("title", "utterance", "document", "body", "message", "tweet", "headline", "problem", "input", "instruction"),
    *("文本", "内容", "句子", "评论", "评价", "标题", "正文", "问题", "输入"),
)
LABELS = (
    *("label", "labels", "category", "class", "intent", "target", "sentiment", "star", "stars", "rating", "topic"),
    *("label_text", "polarity", "tag", "answer", "response", "output", "completion", "solution", "summary"),
    *("标签", "类别", "分类", "情感", "意图", "星级", "答案", "回答", "输出"),
)
GROUPS = ("group", "group_id", "user_id", "author_id", "doc_id", "document_id", "session_id", "分组")
ALPACA = ("instruction", "output")
KNOWN_NAMES = frozenset((*TEXTS, *LABELS, *GROUPS))
SHOWN = 20


@dataclass(frozen=True)
class Columns:
    """The columns that are used: the text, its label or answer, and a group that a split keeps whole.

    `instruction`, `input`, `system` and `history` are set for instruction (Alpaca) rows, whose `label` is the output.
    """

    text: str | None = None
    label: str | None = None
    group: str | None = None
    instruction: str | None = None
    input: str | None = None
    system: str | None = None
    history: str | None = None

    @property
    def used(self) -> tuple[str, ...]:
        """The names of all columns that are used."""
        names = (self.text, self.label, self.group, self.instruction, self.input, self.system, self.history)
        return tuple(name for name in names if name is not None)


def recognise(columns: Sequence[str], asked: Columns | None, *, where: str) -> Columns:
    """Return which column is what; raise DataError listing the columns when it is not clear."""
    for name in (asked or Columns()).used:
        if name not in columns:
            raise _missing(name, columns, where)
    by_name = {name.strip().casefold(): name for name in reversed(columns)}
    asked = asked or Columns()
    group = asked.group or _first(by_name, GROUPS)
    if asked.text is None and all(name in by_name for name in ALPACA) and not _is_labelled(by_name, asked):
        return Columns(
            label=asked.label or by_name["output"],
            group=group,
            instruction=asked.instruction or by_name["instruction"],
            input=asked.input or by_name.get("input"),
            system=asked.system or by_name.get("system"),
            history=asked.history or by_name.get("history"),
        )
    text = asked.text or _first(by_name, TEXTS, without=asked.label)
    label = asked.label or _first(by_name, LABELS, without=text)
    if text is None or label is None:
        raise _unclear(columns, text, label, where=where)
    return Columns(text=text, label=label, group=group)


def _is_labelled(by_name: dict[str, str], asked: Columns) -> bool:
    return asked.label is not None and asked.label != by_name["output"]


def _first(by_name: dict[str, str], known: Sequence[str], *, without: str | None = None) -> str | None:
    return next((by_name[name] for name in known if name in by_name and by_name[name] != without), None)


def _listing(columns: Sequence[str]) -> str:
    more = f", ... ({len(columns)})" if len(columns) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in columns[:SHOWN]) + more


def _missing(name: str, columns: Sequence[str], where: str) -> DataError:
    shown = _listing(columns)
    return DataError(
        Text(f"there is no column '{name}'; the columns are {shown}", f"没有名为 '{name}' 的列；现有的列：{shown}"),
        where=where,
        todo=did_you_mean(name, columns),
    )


def _unclear(columns: Sequence[str], text: str | None, label: str | None, *, where: str) -> DataError:
    shown = _listing(columns)
    if text is None and label is None:
        missing = Text("which columns hold the text and the label", "哪一列是文本、哪一列是标签")
    elif text is None:
        missing = Text(f"which column holds the text (label: '{label}')", f"哪一列是文本（标签列：'{label}'）")
    else:
        missing = Text(f"which column holds the label (text: '{text}')", f"哪一列是标签（文本列：'{text}'）")
    return DataError(
        Text(f"it is not clear {missing.en}; the columns are {shown}", f"无法确定{missing.zh}；现有的列：{shown}"),
        where=where,
        todo=Text(
            "name them: --rows.columns.text NAME --rows.columns.label NAME (in a task file: rows.columns)",
            "请指明：--rows.columns.text 列名 --rows.columns.label 列名（任务文件中为 rows.columns）",
        ),
    )
