"""A task is guessed from rows: a classification when the targets are few and repeated, else open answers."""

from collections.abc import Sequence

from taskfit.core.example import Example
from taskfit.core.task import Kind, Label, Task
from taskfit.core.text import Text
from taskfit.data.labels import is_closed, is_numeric

SHORT_ANSWER = 60


def guess_task(examples: Sequence[Example]) -> Task:
    """Return the task that the rows seem to be; show it to the user, who may know better (`remarks_on`)."""
    targets = [example.target for example in examples if example.target is not None]
    chinese = is_chinese(examples)
    if is_closed(targets):
        return classification(sorted(set(targets)), chinese=chinese)
    length = sorted(len(target) for target in targets)[int(0.95 * (len(targets) - 1))] if targets else 0
    # A Chinese character is about one token, a token of English about four characters; twice that for safety.
    tokens = length * 2 if chinese else length // 2
    kind: Kind = "answer" if length <= SHORT_ANSWER else "generate"
    return Task(kind, "", (), ("exact_match", "char_f1"), max(16, min(1024, tokens)))


def remarks_on(task: Task) -> tuple[Text, ...]:
    """Return what a user should know about a guessed task before it is trusted."""
    numeric = [label.name for label in task.labels if is_numeric(label.word)]
    if not numeric:
        return ()
    names = ", ".join(numeric[:10])
    return (
        Text(
            f"the labels {names} are only numbers: a model that is prompted cannot know what they mean; "
            "give each a word in the task file (task.labels: {0: negative, 1: positive})",
            f"标签 {names} 只是数字：仅靠提示的模型无法知道其含义；请在任务文件中为每个标签写一个词（task.labels: {{0: 负面, 1: 正面}}）",
        ),
    )


def is_chinese(examples: Sequence[Example]) -> bool:
    """Return whether the rows are mainly Chinese: more than a third of their letters are Chinese characters."""
    step = max(1, len(examples) // 500)
    text = "".join(example.text[:500] for example in examples[::step])
    hanzi = sum("\u4e00" <= one <= "\u9fff" for one in text)
    kana = sum("\u3040" <= one <= "\u30ff" for one in text)
    letters = sum(one.isalpha() for one in text)
    return hanzi > letters / 3 and kana < hanzi / 10


def classification(names: Sequence[str], *, chinese: bool) -> Task:
    """Return the task of naming one of the labels."""
    words = [_word_of(name) for name in names]
    if len({word.casefold() for word in words}) < len(words):
        words = list(names)
    labels = tuple(Label(name, word) for name, word in zip(names, words, strict=True))
    if chinese:
        instruction = f"判断下面文本的类别。只回答以下标签之一：{'、'.join(words)}。"
    else:
        instruction = f"Classify the text. Answer with one of these labels only: {', '.join(words)}."
    tokens = max(8, min(64, 2 * max(len(word.encode()) for word in words)))
    return Task("classify", instruction, labels, ("accuracy", "macro_f1"), tokens)


def _word_of(name: str) -> str:
    """Return the name as a person would write it: `card_arrival` is "card arrival"."""
    return " ".join(name.replace("_", " ").split()) or name
