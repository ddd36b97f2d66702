"""The settings of `data build`."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from taskfit.core.settings import Settings, setting
from taskfit.core.text import Text


class BuildSettings(Settings):
    """Which templates are used, and in which form the rows come out."""

    about: ClassVar[Text] = Text(
        "make instruction rows of labelled rows by templates in English and Chinese, and back",
        "用中英文模板把标注数据构造成指令数据，也可还原",
    )
    out: str | None = setting(None, "file of the rows that are made", "输出文件")
    task: str | None = setting(
        None,
        "what the rows are: classification, nli, qa, reading, summarising, translation, extraction, tagging, choosing, "
        "dialogue; left out: told by the rows",
        "任务类型：classification、nli、qa、reading、summarising、translation、extraction、tagging、choosing、dialogue；不填则由数据判断",
    )
    template_lang: Literal["auto", "en", "zh", "both"] = setting(
        "auto", "language of the templates; auto: that of the rows", "模板语言；auto 表示与数据相同"
    )
    per_row: Annotated[int, Field(ge=1)] | Literal["all"] = setting(
        1,
        "instruction rows of each row and language; all: one by each template",
        "每行、每种语言构造几条；all 表示每个模板一条",
    )
    templates: str | None = setting(
        None,
        "file of own templates, also PromptSource's, in place of ours",
        "自己的模板文件（也可为 PromptSource 格式），代替内置模板",
    )
    inverted: bool = setting(
        False, "also templates that ask for the text and tell the label", "同时使用反向模板（给出标签，要求写出文本）"
    )
    labels: dict[str, str] = setting({}, "words for labels: 1=positive,0=negative", "标签对应的词：1=好评,0=差评")
    labels_zh: dict[str, str] = setting(
        {}, "words for labels in Chinese templates; left out: --labels", "中文模板中标签对应的词；不填则同 --labels"
    )
    most_choices: int = setting(
        20, "with more labels than this, no template lists them all", "标签多于此数时，不使用列出全部标签的模板", ge=0
    )
    form: Literal["instruction", "head", "text", "all"] = setting(
        "instruction",
        "what is made: instruction rows, head rows (a text and its label), whole text; all: three files",
        "输出形式：instruction 指令、head 文本与标签、text 纯文本；all 输出三个文件",
    )
    back: bool = setting(
        False, "labelled rows of instruction rows that templates made", "把模板生成的指令数据还原为标注数据"
    )
    seed: int = setting(0, "seed of the draw of templates", "抽取模板的种子", ge=0)
    to: str | None = setting(
        None,
        "row format of instruction or labelled rows; left out: alpaca, or the usual one",
        "输出的行格式；不填则为 alpaca 或该任务的常用格式",
    )
    shape: str | None = setting(None, "row format of the file; left out: recognised", "原文件的行格式；不填则自动识别")
    map: dict[str, str] = setting({}, "fields by another name: text=body", "字段改名：text=body")
    encoding: str | None = setting(None, "encoding of the file", "文件编码")
