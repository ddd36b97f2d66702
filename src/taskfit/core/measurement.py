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
class Measurement:
    """One rung on the test rows. `metrics` maps metric names to intervals; the first is the primary one."""

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
