"""Which column is what: text, label, group, the fields of an instruction row, or a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

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
CONVERSATIONS = ("messages", "conversations", "conversation")
MEDIA = ("image", "images", "video", "videos", "audio", "audios")

Shape = Literal["labelled", "instruction", "conversation", "text"]
KNOWN_NAMES = frozenset((*TEXTS, *LABELS, *GROUPS))
SHOWN = 20


@dataclass(frozen=True)
class Columns:
    """The columns that are used: the text, its label or answer, and a group that a split keeps whole.

    `instruction`, `input`, `system` and `history` are set for instruction (Alpaca) rows, whose `label` is the output;
    `messages` and `tools` for conversations. Rows of plain text have no label. `media` are columns of pictures, sound
    and films: rows in which they hold something cannot be used. `others` are further columns that make up what is
    asked: premise and hypothesis, the choices of a question.
    """

    text: str | None = None
    label: str | None = None
    group: str | None = None
    instruction: str | None = None
    input: str | None = None
    system: str | None = None
    history: str | None = None
    messages: str | None = None
    tools: str | None = None
    media: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def used(self) -> tuple[str, ...]:
        """The names of all columns that are used."""
        asking = (self.text, self.label, self.group, self.instruction, self.input, self.system, self.history)
        return tuple(
            name for name in (*asking, self.messages, self.tools, *self.media, *self.others) if name is not None
        )

    @property
    def shape(self) -> Shape:
        """What a row is: a text with its label or answer, an instruction row, a conversation, or only a text."""
        if self.messages is not None:
            return "conversation"
        if self.instruction is not None:
            return "instruction"
        return "text" if self.label is None else "labelled"


def recognise(
    columns: Sequence[str], asked: Columns | None, *, where: str, shape: Shape | None = None, plain: bool = False
) -> Columns:
    """Return which column is what; raise DataError listing the columns when it is not clear.

    `shape` says what the rows are, where that is known. Rows of text without a label are only taken when `plain`.
    """
    for name in (asked or Columns()).used:
        if name not in columns:
            raise _missing(name, columns, where)
    by_name = {name.strip().casefold(): name for name in reversed(columns)}
    asked = asked or Columns()
    group = asked.group or _first(by_name, GROUPS)
    media = tuple(by_name[name] for name in MEDIA if name in by_name)
    messages = asked.messages or _first(by_name, CONVERSATIONS)
    named = asked.text is None and asked.label is None
    if shape == "conversation" or (shape is None and messages is not None and named):
        if messages is None:
            raise _no_conversation(columns, where)
        tools = asked.tools or by_name.get("tools")
        system = asked.system or by_name.get("system")
        return Columns(group=group, system=system, messages=messages, tools=tools, media=media)
    if shape == "text":
        text = asked.text or _first(by_name, TEXTS)
        if text is None:
            raise _unclear(columns, text, "-", where=where)
        return Columns(text=text, group=group)
    if (
        shape in (None, "instruction")
        and asked.text is None
        and all(name in by_name for name in ALPACA)
        and not _is_labelled(by_name, asked)
    ):
        return Columns(
            label=asked.label or by_name["output"],
            group=group,
            instruction=asked.instruction or by_name["instruction"],
            input=asked.input or by_name.get("input"),
            system=asked.system or by_name.get("system"),
            history=asked.history or by_name.get("history"),
            media=media,
        )
    text = asked.text or _first(by_name, TEXTS, without=asked.label)
    label = asked.label or _first(by_name, LABELS, without=text)
    if plain and shape is None and text is not None and label is None:
        return Columns(text=text, group=group)
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


def _no_conversation(columns: Sequence[str], where: str) -> DataError:
    known, shown = ", ".join(CONVERSATIONS), _listing(columns)
    return DataError(
        Text(
            f"there is no column of conversations ({known}); the columns are {shown}",
            f"没有对话列（{known}）；现有的列：{shown}",
        ),
        where=where,
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
