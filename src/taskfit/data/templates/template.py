"""Templates: those of the library and those in a file of the user's (also PromptSource's), read and checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from taskfit.core.errors import Finding, UsageError
from taskfit.core.sandbox import reaches_outside, sandboxed
from taskfit.core.text import Language, Text, did_you_mean
from taskfit.core.yaml import MOST_BYTES, YamlFile, parse_yaml, read_yaml
from taskfit.core.yaml_text import decode
from taskfit.data.templates.pattern import Pattern, pattern_of, syntax_problem
from taskfit.data.templates.task import Slots, TemplateTask, task_named
from taskfit.data.wrong import Wrong

BETWEEN = "|||"
KEYS = ("name", "jinja", "answer_choices", "inverted", "id", "metadata", "reference")
# How PromptSource marks its own classes; they hold nothing but plain values.
_TAGS = re.compile(r"(?m)^([ \t]*[^\s#][^\n]*:) !Template(?:Metadata)?[ \t]*$")


@dataclass(frozen=True)
class Template:
    """A way to say a row: `name` is task/language/own name; `source` is Jinja, the answer stands behind `|||`.

    `prompt` and `answer` are its patterns; a template that computes has none and cannot be read back. An `inverted`
    one asks for the text and tells the label. `choices` are PromptSource's answer_choices, as they are written.
    """

    name: str
    language: Language
    source: str
    prompt: Pattern | None = None
    answer: Pattern | None = None
    inverted: bool = False
    choices: str = ""

    @property
    def lists_choices(self) -> bool:
        """Whether the prompt lists all labels."""
        return self.prompt is not None and "choices" in self.prompt.slots

    @property
    def leads(self) -> bool:
        """Whether the first line of the prompt is an instruction and the rest its input."""
        return self.prompt is not None and self.prompt.leads

    def say(self, slots: Slots) -> tuple[str, str]:
        """Return question and answer; for templates that only fill places."""
        assert self.prompt is not None
        assert self.answer is not None
        return self.prompt.say(slots), self.answer.say(slots)

    def read(self, question: str, answer: str) -> dict[str, str]:
        """Return what question and answer were made of; raise Wrong when they were not made by this template."""
        if self.prompt is None or self.answer is None:
            raise Wrong(Text("its template computes, which has no way back", "其模板含有计算，无法还原"))
        told, answered = self.prompt.read(question), self.answer.read(answer)
        if told is None or answered is None:
            raise Wrong(
                Text(
                    f"its {'question' if told is None else 'answer'} does not follow the template any more",
                    f"{'问题' if told is None else '回答'}与模板不再一致",
                )
            )
        if any(told[name] != answered[name] for name in told.keys() & answered.keys()):
            raise Wrong(Text("question and answer say different things", "问题与回答所说的内容不一致"))
        return {**told, **answered}


@dataclass(frozen=True)
class Library:
    """The templates of a task in a language, and the words it says for usual labels (by small letters)."""

    templates: tuple[Template, ...]
    words: Mapping[str, str]


@lru_cache(maxsize=32)
def library(task: str, language: Language) -> Library:
    """Return what comes with taskfit for a task in a language."""
    file = read_yaml(Path(__file__).with_name(language) / f"{task}.yaml")
    words = {str(name).casefold(): str(word) for name, word in (file.values.get("words") or {}).items()}
    return Library(_templates(file, task, f"{task}/{language}", language), words)


def read_templates(path: Path, task: str, language: Language) -> tuple[Template, ...]:
    """Return the templates of a file, ours or PromptSource's; raise UsageError with every problem and its line.

    `language` is that of templates that do not say theirs (metadata.languages).
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise UsageError(Text(f"cannot be read: {problem}", f"无法读取：{problem}"), where=str(path)) from None
    if len(content) > MOST_BYTES:
        raise UsageError(Text("too large for a file of templates", "文件过大，不像模板文件"), where=str(path))
    file = parse_yaml(_TAGS.sub(r"\1", decode(content, str(path))), path)
    return _templates(file, task, f"{task}/{path.stem}", language)


def _templates(file: YamlFile, task: str, prefix: str, language: Language) -> tuple[Template, ...]:
    found: list[Template] = []
    problems: list[Finding] = []
    for key, entry in _entries(file):
        try:
            found.append(_template(entry, prefix, task_named(task), language))
        except Wrong as wrong:
            line = file.lines.get(key)
            problems.append(Finding(f"{file.path}:{line}" if line else str(file.path), wrong.reason))
    names = [one.name for one in found]
    problems += [
        Finding(str(file.path), Text(f"two templates are called '{name}'", f"有两个名为 '{name}' 的模板"))
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if not found and not problems:
        problems = [Finding(str(file.path), Text("there are no templates", "没有模板"), EXAMPLE)]
    if problems:
        raise UsageError(problems)
    return tuple(found)


def _entries(file: YamlFile) -> Iterator[tuple[str, Any]]:
    listed = file.values.get("templates")
    if isinstance(listed, list):
        yield from ((f"templates.{number}", one) for number, one in enumerate(listed))
    elif isinstance(listed, dict):
        yield from ((f"templates.{name}", one) for name, one in listed.items())


def _template(entry: object, prefix: str, task: TemplateTask, language: Language) -> Template:
    if not isinstance(entry, dict) or not all(isinstance(entry.get(key), str) for key in ("name", "jinja")):
        raise Wrong(Text("a template needs a `name` and `jinja`", "模板需要 `name` 和 `jinja`"))
    strange = [key for key in entry if key not in KEYS]
    if strange:
        hint = did_you_mean(strange[0], KEYS)
        more = Text(f"; {hint.en}", f"；{hint.zh}") if hint else Text("", "")
        raise Wrong(Text(f"unknown key '{strange[0]}'{more.en}", f"未知的键 '{strange[0]}'{more.zh}"))
    source = entry["jinja"]
    problem = syntax_problem(source) or reaches_outside(source, sandboxed())
    if problem:
        raise Wrong(Text(f"'{entry['name']}': {problem}", f"'{entry['name']}'：{problem}"))
    if BETWEEN not in source:
        raise Wrong(Text(f"'{entry['name']}' has no ||| before its answer", f"'{entry['name']}' 的回答之前没有 |||"))
    prompt, _, answer = source.partition(BETWEEN)
    first, second = _pattern(prompt, task), _pattern(answer, task)
    fills = first is not None and second is not None
    return Template(
        f"{prefix}/{entry['name']}".replace(" ", "_"),
        _language(entry.get("metadata"), language),
        source,
        first if fills else None,
        second if fills else None,
        inverted=entry.get("inverted") is True,
        choices=str(entry.get("answer_choices") or ""),
    )


def _pattern(half: str, task: TemplateTask) -> Pattern | None:
    # A block that begins before ||| and ends behind it is no syntax by halves.
    return None if syntax_problem(half) else pattern_of(half.strip(), task.SLOTS)


def _language(metadata: object, usual: Language) -> Language:
    told = metadata.get("languages") if isinstance(metadata, dict) else None
    first = str(told[0]) if isinstance(told, list) and told else ""
    return "zh" if first.startswith("zh") else "en" if first else usual


EXAMPLE = Text(
    "write `templates:` and below it `- name: ask` with `jinja: '{{ text }} ||| {{ answer }}'`",
    "请写 `templates:`，其下写 `- name: ask` 与 `jinja: '{{ text }} ||| {{ answer }}'`",
)
