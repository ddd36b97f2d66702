"""A recipe: the steps that make one version of a data set from another, read from YAML and run in order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskfit.core.errors import Finding, UsageError
from taskfit.core.text import Text
from taskfit.core.yaml import YamlFile, read_yaml
from taskfit.data.checking import Means
from taskfit.data.record import Record
from taskfit.data.step import STEPS, Entry, Step

EXAMPLE = Text(
    "write `steps:` and below it one step a line, e.g. `- drop_duplicates: {similar: 0.8}`",
    "请写 `steps:`，其下每行一步，例如 `- drop_duplicates: {similar: 0.8}`",
)
LENT = {
    "tokens": Text("counts tokens: name a model (--model)", "需要统计 token：请指定模型（--model）"),
    "losses": Text("needs losses: name a model (--model)", "需要损失：请指定模型（--model）"),
    "embed": Text("needs vectors: name an encoder (--encoder)", "需要向量：请指定编码模型（--encoder）"),
    "judge": Text(
        "needs a judge, which `taskfit data fix` has none of: use `taskfit data synthesize --how judge`",
        "需要评审，而 `taskfit data fix` 没有：请用 `taskfit data synthesize --how judge`",
    ),
}


@dataclass(frozen=True)
class Named:
    """A step of a recipe and its name."""

    name: str
    step: Step


@dataclass(frozen=True)
class Done:
    """What one step did: its name, the rows before and after, an entry for each row that changed."""

    name: str
    before: int
    after: int
    entries: tuple[Entry, ...]

    def count(self, what: str) -> int:
        """Return how many rows were changed, dropped or repeated."""
        return sum(entry.what == what for entry in self.entries)


@dataclass(frozen=True)
class Mended:
    """The rows after all steps, and what each step did."""

    records: tuple[Record, ...]
    done: tuple[Done, ...]


def read_recipe(path: Path) -> tuple[Named, ...]:
    """Return the steps of a recipe file; raise UsageError with every problem and its line."""
    return steps_of(read_yaml(path))


def steps_of(file: YamlFile) -> tuple[Named, ...]:
    """Return the steps of a file: `steps:` with a list of names or of one-key mappings {name: settings}."""
    listed = file.values.get("steps")
    problems = [
        Finding(_place(file, key), Text(f"unknown key '{key}'", f"未知的键 '{key}'"), EXAMPLE)
        for key in file.values
        if key != "steps"
    ]
    if "steps" in file.values and listed is None:
        listed = []  # a recipe of the doctor for rows that need none
    if not isinstance(listed, list):
        raise UsageError([*problems, Finding(str(file.path), Text("there are no steps", "没有步骤"), EXAMPLE)])
    steps: list[Named] = []
    for number, item in enumerate(listed):
        try:
            steps.append(_step(item, file, f"steps.{number}"))
        except UsageError as wrong:
            problems += wrong.findings
    if problems:
        raise UsageError(problems)
    return tuple(steps)


def _step(item: object, file: YamlFile, at: str) -> Named:
    where = _place(file, at)
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, Mapping) or len(item) != 1:
        what = Text(
            f"a step is one name with its settings, not {item!r:.60}", f"每一步应为名称与设置，而不是 {item!r:.60}"
        )
        raise UsageError([Finding(where, what, EXAMPLE)])
    (name, settings), *_ = item.items()
    where = _place(file, f"{at}.{name}")
    problem = STEPS.problem(str(name))
    if problem:
        raise UsageError([Finding(where, problem.what, problem.todo)])
    if settings is not None and not isinstance(settings, Mapping):
        what = Text(f"'{name}' takes settings by name, not {settings!r:.60}", f"'{name}' 的设置应写成 名称: 值")
        raise UsageError([Finding(where, what, EXAMPLE)])
    return Named(str(name), step_named(str(name), settings or {}, file, f"{at}.{name}"))


def _place(file: YamlFile, key: str) -> str:
    """Return file:line of a key, or of what stands around it; only the file where no lines are known."""
    while key and key not in file.lines:
        key = key.rpartition(".")[0]
    return f"{file.path}:{file.lines[key]}" if key else str(file.path)


def step_class(name: str) -> type[Step]:
    """Return the class of the step `name`; raise UsageError when there is none."""
    kind = STEPS.entry(name)
    assert issubclass(kind, Step)
    return kind


def step_named(name: str, settings: Mapping[str, object], file: YamlFile | None = None, at: str = "") -> Step:
    """Return a step by its name; raise UsageError with every wrong setting."""
    kind = step_class(name)
    if file is None:
        return kind.read(settings)
    return kind.read(settings, where=str(file.path), lines=file.lines, at=at)


def run_recipe(
    records: Sequence[Record],
    steps: Sequence[Named],
    means: Means,
    told: Callable[[str, int], None] = lambda name, number: None,  # noqa: ARG005
) -> Mended:
    """Run the steps one after the other; `told` hears the name and number of each before it runs.

    Raises UsageError when a step needs what was not given (a model), before the first step runs.
    """
    lacking = [
        Finding(named.name, LENT[need])
        for named in steps
        for need in named.step.wanted
        if getattr(means, need) in (None, ())
    ]
    if lacking:
        raise UsageError(lacking)
    rows, done = tuple(records), []
    for number, named in enumerate(steps):
        told(named.name, number)
        after = named.step.apply(rows, means)
        dropped = sum(entry.what == "dropped" for entry in after.entries)
        repeated = sum(entry.what == "repeated" for entry in after.entries)
        assert len(after.records) == len(rows) - dropped + repeated, f"{named.name} lost rows in silence"
        done.append(Done(named.name, len(rows), len(after.records), after.entries))
        rows = after.records
    return Mended(rows, tuple(done))
