"""A text and its translation; the languages stand in `about` and are named in the language of the template."""

from taskfit.core.text import Text
from taskfit.data.record import Record
from taskfit.data.shape import row
from taskfit.data.templates.task import Slots, needed, parts_in, question_and_answer, talk
from taskfit.data.templates.words import Words
from taskfit.data.wrong import Wrong

ABOUT = Text("translate", "翻译")
SLOTS = frozenset(("source", "answer", "source_lang", "target_lang"))
SHAPE = "translation"
CHINESE = Text("Chinese", "中文")
LANGUAGES = {
    "en": Text("English", "英语"),
    "zh": CHINESE,
    "zh-cn": CHINESE,
    "cmn": CHINESE,
    "de": Text("German", "德语"),
    "fr": Text("French", "法语"),
    "es": Text("Spanish", "西班牙语"),
    "it": Text("Italian", "意大利语"),
    "pt": Text("Portuguese", "葡萄牙语"),
    "ru": Text("Russian", "俄语"),
    "ja": Text("Japanese", "日语"),
    "ko": Text("Korean", "韩语"),
    "ar": Text("Arabic", "阿拉伯语"),
    "vi": Text("Vietnamese", "越南语"),
    "th": Text("Thai", "泰语"),
}


def slots(record: Record, words: Words) -> dict[str, str]:
    """Return the parts of a row."""
    (source,) = parts_in(record, "source")
    target = question_and_answer(record)[1]
    return {
        "source": source,
        "answer": target,
        "source_lang": _named(record.about.get("source_lang"), source, words),
        "target_lang": _named(record.about.get("target_lang"), target, words),
    }


def record(slots: Slots, words: Words) -> Record:  # noqa: ARG001
    """Return the row that the parts were made of; its languages stand beside it."""
    source = needed(slots, "source")
    return row(messages=talk(source, needed(slots, "answer")), parts={"source": source})


def _named(code: str | None, text: str, words: Words) -> str:
    """Return the name of a language by its code; where none is told, Chinese and English are told by their letters."""
    if code is not None:
        known = LANGUAGES.get(code.strip().replace("_", "-").casefold())
        return code.strip() if known is None else known.in_language(words.language)
    letters = [one for one in text if one.isalpha()]
    if any("\u3040" <= one <= "\u30ff" or "\uac00" <= one <= "\ud7af" for one in letters) or not letters:
        raise _unknown()
    if any("\u4e00" <= one <= "\u9fff" for one in letters):
        return CHINESE.in_language(words.language)
    if all(one.isascii() for one in letters):
        return LANGUAGES["en"].in_language(words.language)
    raise _unknown()


def _unknown() -> Wrong:
    return Wrong(
        Text(
            "it does not say which languages these are (source_lang, target_lang)",
            "没有说明是哪两种语言（source_lang、target_lang）",
        )
    )
