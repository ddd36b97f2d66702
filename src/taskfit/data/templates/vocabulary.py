"""Which words templates say for the labels of a corpus: those given, those of the library, else the names made readable."""

from collections import Counter
from collections.abc import Mapping, Sequence

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Language, Text, did_you_mean
from taskfit.data.guess import classification
from taskfit.data.labels import is_numeric
from taskfit.data.record import Record
from taskfit.data.templates.words import Words


def names_in(records: Sequence[Record]) -> tuple[str, ...]:
    """Return the labels, or kinds of entities, that occur in the rows, in order."""
    names = {record.label for record in records if record.label is not None}
    names |= {span.label for record in records for span in record.spans or ()}
    return tuple(sorted(names, key=_number_or_name))


def words_for(names: Sequence[str], language: Language, usual: Mapping[str, str], given: Mapping[str, str]) -> Words:
    """Return the word of each label: `given`, else `usual`, else its name; raise UsageError when two have the same."""
    if not names:
        return Words(language)
    problems = [
        Finding(
            "--labels", Text(f"no row has the label '{name}'", f"没有标签为 '{name}' 的行"), did_you_mean(name, names)
        )
        for name in given
        if names and name not in names
    ]
    if problems:
        raise UsageError(problems)
    readable = {label.name: label.word for label in classification(names, chinese=language == "zh").labels}
    words = {name: given.get(name) or usual.get(name.casefold()) or readable[name] for name in names}
    twice = [word for word, count in Counter(word.strip().casefold() for word in words.values()).items() if count > 1]
    if twice and not given:
        words, twice = dict(zip(names, names, strict=True)), []
    if twice:
        raise UsageError(
            Text(f"two labels have the word '{twice[0]}'", f"两个标签使用了同一个词 '{twice[0]}'"), where="--labels"
        )
    return Words(language, words)


def remarks_on(words: Words) -> tuple[Text, ...]:
    """Return what a user should know: labels that are only numbers say nothing in a sentence."""
    bare = [name for name, word in (words.by_name or {}).items() if is_numeric(word)]
    if not bare:
        return ()
    shown = ", ".join(bare[:6])
    return (
        Text(
            f"the labels {shown} are only numbers, which tell a model nothing: --labels {bare[0]}=WORD",
            f"标签 {shown} 只是数字，模型无法理解：请用 --labels {bare[0]}=词语",
        ),
    )


def _number_or_name(name: str) -> tuple[float, str]:
    return (float(name), name) if is_numeric(name) else (float("inf"), name)
