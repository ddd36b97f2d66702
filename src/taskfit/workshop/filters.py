"""What made instructions and examples are refused for: the rules of Self-Instruct, in English and in Chinese.

Wang et al. 2022, arXiv:2212.10560. Words are counted as there; of Chinese, characters. Each function gives a key of REASONS, or None.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from taskfit.core.text import Language
from taskfit.data.rouge import rouge_tokens
from taskfit.workshop.maker import Reply
from taskfit.workshop.seeds import Instance

LENGTHS: dict[Language, tuple[int, int]] = {"en": (3, 150), "zh": (5, 300)}  # more than, at most
_WORDS = ["image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps", "draw", "plot"]
_BEYOND = re.compile(rf"\b({'|'.join(_WORDS)}|go to)\b", re.IGNORECASE)
_BEYOND_ZH = re.compile(
    r"图片|图像|照片|截图|视频|音频|录音|海报|地图|文件夹|上传|下载|打开网|访问网|点击|画出|画一|绘制|附件|播放"
)
_PROGRAM = re.compile(r"write a program\b|(?:请|帮我)?(?:编写|写)(?:一个|一段)?程序", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_REFUSAL = re.compile(
    r"^\W*(i'?m sorry|i am sorry|sorry|i cannot|i can'?t|i'?m unable|i am unable|as an ai|unfortunately, i)|^\W*(抱歉|对不起|很遗憾|我无法|我不能|作为(一个|一名)?(AI|人工智能|语言模型))",
    re.IGNORECASE,
)
REFUSAL_IS_SHORT = 80


def wrong_instruction(text: str, language: Language) -> str | None:
    """Return why an instruction is not taken."""
    least, most = LENGTHS[language]
    length = len(text.split()) if language == "en" else len(rouge_tokens(text))
    if length <= least:
        return "too_short"
    if length > most:
        return "too_long"
    if _BEYOND.search(text) or (language == "zh" and _BEYOND_ZH.search(text)):
        return "beyond_text"
    if _PROGRAM.match(text):
        return "a_program"
    return _wrong_script(text, language)


def _wrong_script(text: str, language: Language) -> str | None:
    first = text[0]
    marks = unicodedata.category(first)[0] in "PS" and first not in "“《「\"'"
    if marks or (language == "en" and not first.isascii()):
        return "odd_start"
    return "wrong_language" if language == "zh" and not _HAN.search(text) else None


def wrong_instance(one: Instance) -> str | None:
    """Return why an example is not taken."""
    if not one.output.strip():
        return "empty_output"
    if one.output.strip() == one.input.strip():
        return "same_as_input"
    if one.output.rstrip().endswith((":", "：")) or one.input.rstrip().endswith((":", "：")):
        return "unfinished"
    return None


def clashing(instances: Sequence[Instance]) -> list[str | None]:
    """Return of each example of one task why it is not taken: an input with several outputs, or one seen before."""
    outputs: dict[str, set[str]] = {}
    for one in instances:
        outputs.setdefault(one.input, set()).add(one.output)
    seen: set[str] = set()
    found: list[str | None] = []
    for one in instances:
        again = one.input in seen
        seen.add(one.input)
        found.append("contradiction" if len(outputs[one.input]) > 1 else "repeated_input" if again else None)
    return found


def wrong_answer(reply: Reply) -> str | None:
    """Return why a free answer is not taken."""
    if reply.failed:
        return "no_answer"
    if reply.finish == "length":
        return "cut"
    if not reply.text.strip():
        return "empty_output"
    if not rouge_tokens(reply.text):
        return "says_nothing"
    return "refusal" if is_refusal(reply.text) else None


def is_refusal(text: str) -> bool:
    """Return whether a short answer only says that it will not or cannot."""
    return bool(_REFUSAL.match(text)) and len(rouge_tokens(text)) < REFUSAL_IS_SHORT


def numbers_in(text: str) -> list[str]:
    """Return the numbers in a text, sorted, without marks between thousands."""
    plain = unicodedata.normalize("NFKC", text)
    return sorted(one.replace(",", "") for one in re.findall(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", plain))


def first_reason(reasons: Iterable[str | None]) -> str | None:
    """Return the first reason there is."""
    return next((one for one in reasons if one is not None), None)
