"""Measurements: what was found of one rung on the sealed test, and how two rungs compare."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from taskfit.core.prediction import CurvePoint, Trial


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval (95 % unless `level` says otherwise); `how` names the method."""

    estimate: float
    low: float
    high: float
    level: float = 0.95
    how: str = ""


@dataclass(frozen=True)
class ScoredPrediction:
    """One line of predictions.jsonl: one test row under one seed, with everything statistics need.

    `value` is 1.0 for right, 0.0 for wrong (graded metrics: in between); None = could not be scored,
    which counts as wrong and is reported on its own.
    """

    id: str
    text: str
    gold: str
    answer: str | None
    value: float | None
    seed: int = 0
    group: str | None = None
    scores: Mapping[str, float] | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    flops: float = 0.0
    seconds: float = 0.0
    evidence: tuple[str, ...] = ()
    prompt: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ClassScore:
    """Precision, recall, F1 and number of gold rows of one label."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """counts[i][j] = rows of gold label i answered with label j; the last column counts unreadable answers."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be trusted; `ece` is None below 300 rows. brier and nll: lower is better."""

    ece: float | None
    brier: float
    nll: float
    rows: int


@dataclass(frozen=True)
class Cost:
    """What a rung costs: once (adapting) and per answer. Seconds are wall clock on this machine.

    `flops_per_answer` is the mean without prefixes that are computed once; money is None without a price.
    """

    adapt_seconds: float = 0.0
    adapt_cpu_seconds: float = 0.0
    adapt_flops: float = 0.0
    adapt_tokens: int = 0
    adapt_money: float | None = None
    seconds_per_answer: float = 0.0
    flops_per_answer: float = 0.0
    tokens_per_answer: float = 0.0
    money_per_1000: float | None = None
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    bytes_peak: int = 0
    bytes_saved: int = 0
    parameters_trained: int = 0


@dataclass(frozen=True)
class Probe:
    """What one probe says of an adapted model against its unadapted base; `change` is adapted - base.

    kl: nats per token from the base to the adapted model on texts that the base wrote itself (`base` is 0).
    loss: nats per token on text that has nothing to do with the task; `per_byte` is the same per byte of UTF-8, base
    and adapted, which compares tokenizers. skill: share of right answers to questions of other tasks. features:
    similarity to the base's features (`base` is 1). `count` are tokens, tokens, questions, texts.
    """

    name: str
    kind: Literal["kl", "loss", "skill", "features"]
    base: float
    adapted: float
    change: Interval
    count: int
    per_byte: tuple[float, float] | None = None


@dataclass(frozen=True)
class Forgetting:
    """What a rung lost of what its base could do. "unchanged": the base's weights are used as they are, so nothing.

    `identity` names what must still be the base: the model with its adapter switched off, or the base itself beside
    its changed copy; `identity_gap` is the largest difference of an output, 0.0 where it is. `notes` say what could not
    be measured and why. `seconds` is what measuring took.
    """

    state: Literal["unchanged", "measured", "unknown"]
    probes: tuple[Probe, ...] = ()
    identity: Literal["adapter off", "base kept"] | None = None
    identity_gap: float | None = None
    notes: tuple[Mapping[str, str], ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class Variety:
    """How much answers differ. `distinct[n - 1]` is the share of n-grams that are not repeated (0 to 1).

    `alike` is the mean similarity of two answers (0 to 1), `most_frequent` the share of the commonest answer, `entropy`
    that of the answers in nats.
    """

    answers: int
    different: int
    distinct: tuple[float, ...]
    alike: float
    most_frequent: float
    entropy: float


@dataclass(frozen=True)
class Collapse:
    """Whether answers fell into a few: those of the rung, the gold ones, and the unadapted base's, on the same rows."""

    adapted: Variety
    gold: Variety
    base: Variety | None
    collapsed: bool


@dataclass(frozen=True)
class Measurement:
    """One rung on the test rows. `metrics` maps metric names to intervals; the first is the primary one.

    `forgetting` holds the numbers that limits are about (see ladder/limits.py), `forgotten` all that was found.
    """

    rung: str
    method: str
    settings: Mapping[str, object]
    seeds: tuple[int, ...]
    rows: int
    unscored: int
    metrics: Mapping[str, Interval]
    seed_values: tuple[float, ...]
    classes: tuple[ClassScore, ...]
    confusion: Confusion | None
    calibration: Calibration | None
    cost: Cost
    trials: tuple[Trial, ...] = ()
    curve: tuple[CurvePoint, ...] = ()
    prompt: str = ""
    remarks: tuple[Mapping[str, str], ...] = ()
    forgetting: Mapping[str, float] = field(default_factory=dict)
    forgotten: Forgetting | None = None
    collapse: Collapse | None = None


@dataclass(frozen=True)
class Comparison:
    """Rung `new` against rung `old` on the same rows: difference of the primary metric (new - old).

    `only_old` and `only_new` count rows that only one of them had right; `p` is mid-p McNemar (or the
    paired bootstrap for graded metrics), `p_holm` after Holm's correction over the planned comparisons.
    """

    old: str
    new: str
    difference: Interval
    p: float
    p_holm: float
    only_old: int
    only_new: int
    planned: bool = True


@dataclass(frozen=True)
class Reason:
    """One reason of the verdict, in both languages, with the rung it is about."""

    rung: str
    en: str
    zh: str


@dataclass(frozen=True)
class Verdict:
    """Where to stop. `kind`: "stop" = decided; "undecided" = the rows cannot tell (see `rows_needed`)."""

    kind: Literal["stop", "undecided"]
    stop_at: str
    en: str
    zh: str
    reasons: tuple[Reason, ...]
    rows_needed: int | None = None
    pareto: tuple[str, ...] = ()


@dataclass(frozen=True)
class FailedRung:
    """A rung without a measurement: it failed, or the model cannot do it."""

    rung: str
    method: str
    kind: Literal["failed", "impossible"]
    en: str
    zh: str


@dataclass(frozen=True)
class Report:
    """Everything a report shows; recomputed from predictions and measurements, no model needed.

    `run` holds facts for the header and for repeating the run: name, taskfit version, command, model card,
    machine, rows (read, used, listed by reason), split sizes, fingerprint, power, test looks, volume, limits.
    """

    run: Mapping[str, object]
    task: Mapping[str, object]
    measurements: tuple[Measurement, ...]
    failed: tuple[FailedRung, ...]
    comparisons: tuple[Comparison, ...]
    verdict: Verdict
    warnings: tuple[Mapping[str, str], ...] = ()
