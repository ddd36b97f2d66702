"""A whole synthetic report: seven measured rungs, a failed and an impossible one, 300 rows in two languages."""

import math
import random
from dataclasses import replace
from itertools import pairwise

from taskfit.core.measurement import (
    Calibration,
    ClassScore,
    Comparison,
    Confusion,
    Cost,
    FailedRung,
    Forgetting,
    Interval,
    Measurement,
    Probe,
    Reason,
    Report,
    ScoredPrediction,
    Verdict,
)
from taskfit.core.prediction import CurvePoint, Trial
from taskfit.measure.collapse import collapse_of

LABELS = ("好评", "差评", "物流", "refund", "price")
TEXTS = (
    ("送得很快，味道也不错，下次还会点。", "好评"),
    ("等了两个小时，打开以后已经凉透了，再也不会来这家店。", "差评"),
    ("快递员把包裹放在了隔壁楼的门卫室，没有通知我。", "物流"),
    ("I sent the kettle back three weeks ago and my money has still not arrived.", "refund"),
    ("Why is the blue one four pounds dearer than the green one?", "price"),
)
# rung, method, share right, FLOPs per answer, adapting seconds, parameters trained
RUNGS = (
    ("zero_shot", "zero_shot", 0.52, 2.1e9, 0.0, 0),
    ("few_shot", "few_shot", 0.63, 2.3e9, 8.4, 0),
    ("knn_shot", "knn_shot", 0.715, 6.4e9, 3.1, 0),
    ("head", "head", 0.80, 2.0e9, 6.2, 1_925),
    ("last_layers", "last_layers", 0.83, 2.0e9, 74.0, 1_800_000),
    ("lora", "lora", 0.87, 2.05e9, 131.0, 294_912),
    ("full", "full", 0.875, 2.1e9, 402.0, 22_713_600),
)
HOSTILE = "</script><img src=x onerror=alert(1)>\"' onload='x\x1b[31m\u202e&<!--"
Rows = dict[str, tuple[ScoredPrediction, ...]]


def sample_rows(count: int = 300, labels: tuple[str, ...] = LABELS, seeds: int = 1) -> Rows:
    """Return `count` scored predictions for every rung (times `seeds`)."""
    return {rung: _predictions(place, count, labels, seeds) for place, (rung, *_) in enumerate(RUNGS)}


def _predictions(place: int, count: int, labels: tuple[str, ...], seeds: int) -> tuple[ScoredPrediction, ...]:
    rung, _, share, flops, _, _ = RUNGS[place]
    chance = random.Random(place)
    hard = [0.7 * random.Random(number % count).random() + 0.3 * chance.random() for number in range(count * seeds)]
    limit = sorted(hard)[round(share * count * seeds) - 1]
    found = []
    for number in range(count * seeds):
        text, gold = TEXTS[number % count % len(TEXTS)]
        gold = gold if labels is LABELS else labels[number % count % len(labels)]
        right = hard[number] <= limit
        answer = gold if right else chance.choice([one for one in labels if one != gold])
        unread = not right and place < 2 and chance.random() < 0.1
        score = math.log(0.55 + 0.4 * chance.random())
        found.append(
            ScoredPrediction(
                id=f"reviews.csv:{number % count + 2}",
                text=f"{text} (#{number % count})",
                gold=gold,
                answer=None if unread else answer,
                value=None if unread else float(right),
                seed=number // count,
                scores=None if place < 3 else {answer: score},
                tokens_in=40 + 160 * (place == 2),
                tokens_out=2,
                flops=flops,
                seconds=0.02,
                evidence=("reviews.csv:17", "reviews.csv:403") if rung == "knn_shot" else (),
                prompt=f"<|user|>\n{text}\n<|assistant|>\n",
                problem="the answer names no label" if unread else "",
            )
        )
    return tuple(found)


def sample_report(count: int = 300, labels: tuple[str, ...] = LABELS) -> Report:
    """Return a report about `sample_rows(count, labels)`."""
    rows = sample_rows(count, labels)
    measurements = tuple(_measurement(place, rows[rung[0]], labels) for place, rung in enumerate(RUNGS))
    return Report(
        run=_run(count),
        task={
            "kind": "classify",
            "instruction": "这条评论属于哪一类？ Which kind of review is this?",
            "labels": [{"name": one, "word": one} for one in labels],
            "metrics": ["accuracy", "macro_f1"],
        },
        measurements=measurements,
        failed=(
            FailedRung("dpo", "dpo", "impossible", "the rows have no rejected answers", "数据中没有被拒绝的回答"),
            FailedRung(
                "lora_r64",
                "lora",
                "failed",
                "the loss stopped being a number at step 41 (rows reviews.csv:77, reviews.csv:81)",
                "第 41 步损失不再是数字（数据行 reviews.csv:77、reviews.csv:81）",
            ),
        ),
        comparisons=tuple(_compare(old, new) for old, new in pairwise(measurements)),
        verdict=Verdict(
            "stop",
            "lora",
            "Stop at lora: 87.0 % accuracy; full fine-tuning adds 0.5 points [−2.1, 3.1], not a difference that "
            "these rows can show, and takes 3.1 times as long to adapt.",
            "停在 lora：准确率 87.0 %；全量微调只多 0.5 个百分点［−2.1, 3.1］，这些数据无法证明有差异，适配时间却是 3.1 倍。",
            (
                Reason(
                    "head",
                    "head beats knn_shot by 8.5 points at a third of its cost.",
                    "head 比 knn_shot 高 8.5 个百分点，费用仅为三分之一。",
                ),
                Reason(
                    "lora",
                    "lora beats last_layers (p = 0.012 after Holm's correction).",
                    "lora 优于 last_layers（Holm 校正后 p = 0.012）。",
                ),
                Reason("full", "full is not shown to be better than lora.", "没有证据表明 full 优于 lora。"),
            ),
            None,
            ("last_layers", "lora", "full"),
        ),
        warnings=(
            {
                "en": "12 test rows are near-duplicates of each other; they were counted as groups.",
                "zh": "有 12 条测试行互为近似重复，已按组计算。",
            },
            {"en": "This is the second look at these test rows.", "zh": "这是第二次查看这些测试行。"},
        ),
    )


def _run(count: int) -> dict[str, object]:
    return {
        "name": "reviews",
        "version": "0.1.0",
        "command": "taskfit climb task.yaml --seed 7",
        "model": {
            "name": "tiny",
            "architecture": "causal",
            "family": "llama",
            "parameters": 4_200_000,
            "layers": 6,
            "fingerprint": "9f2c51b07e33aa10",
        },
        "machine": {"platform": "Linux x86_64", "python": "3.11.9", "cores": 2, "device": "cpu"},
        "versions": {"torch": "2.13.0", "transformers": "5.23.0", "peft": "0.21.0"},
        "rows": {
            "read": 1_540,
            "used": 1_500,
            "listed": {"empty text": 12, "exact duplicate": 21, "unknown label 'maybe'": 7},
        },
        "splits": {"train": 1000, "dev": 200, "test": count, "fingerprint": "1b7cd1903fe02c55"},
        "settings": {"rungs": [one[0] for one in RUNGS], "trials": 6, "model": "tiny"},
        "seed": 7,
        "power": {
            "en": "With 300 test rows a difference of 5 points is found in 80 % of runs.",
            "zh": "300 条测试行可在 80 % 的情况下发现 5 个百分点的差异。",
        },
        "test_looks": 2,
        "volume": 100_000,
    }


def _measurement(place: int, rows: tuple[ScoredPrediction, ...], labels: tuple[str, ...]) -> Measurement:
    rung, method, _, flops, seconds, parameters = RUNGS[place]
    share = sum(one.value or 0.0 for one in rows) / len(rows)
    wide = 1.96 * math.sqrt(share * (1 - share) / len(rows))
    trained = parameters > 0
    return Measurement(
        rung=rung,
        method=method,
        settings={"lr": 3e-4, "epochs": 3, "rank": 8} if trained else {"shots": 8},
        seeds=(0,),
        rows=len(rows),
        unscored=sum(one.value is None for one in rows),
        metrics={
            "accuracy": Interval(share, share - wide, share + wide, how="wilson"),
            "macro_f1": Interval(share - 0.01, share - 0.01 - wide, share - 0.01 + wide, how="bootstrap"),
        },
        seed_values=(share,),
        classes=tuple(_class_score(one, rows) for one in labels),
        confusion=Confusion(labels, _counts(rows, labels)),
        calibration=Calibration(0.04 + 0.01 * place, 0.31 - 0.02 * place, 0.6 - 0.04 * place, len(rows))
        if place > 2
        else None,
        cost=Cost(
            adapt_seconds=seconds,
            adapt_cpu_seconds=1.9 * seconds,
            adapt_flops=seconds * 2e10,
            seconds_per_answer=flops / 1e11,
            flops_per_answer=flops,
            tokens_per_answer=44.0,
            latency_p50_ms=flops / 1e8,
            latency_p95_ms=flops / 0.7e8,
            bytes_peak=410_000_000 + 160_000_000 * place,
            bytes_saved=parameters * 4,
            parameters_trained=parameters,
        ),
        trials=tuple(
            Trial({"lr": lr, "epochs": 3, "rank": 8}, share - 0.02 * abs(number - 1), seconds / 3, chosen=number == 1)
            for number, lr in enumerate((1e-4, 3e-4, 1e-3))
        )
        if trained
        else (),
        curve=tuple(_point(step, share) for step in range(1, 121)) if trained and method != "head" else (),
        prompt=f"<|system|>\n这条评论属于哪一类？ Which kind of review is this?\n<|user|>\n{TEXTS[0][0]}\n<|assistant|>\n",
        remarks=({"en": "the best of five sets of examples on dev was taken", "zh": "取开发集上五组示例中最好的一组"},)
        if rung == "few_shot"
        else (),
        forgetting={"kl": 0.02 * place} if trained else {},
        forgotten=_forgotten(place) if trained and method != "head" else Forgetting("unchanged"),
        collapse=collapse_of(rows),
    )


def _forgotten(place: int) -> Forgetting:
    change = Interval(0.05 * place, 0.03 * place, 0.08 * place, how="bootstrap over rows")
    return Forgetting(
        "measured",
        (
            Probe("kl", "kl", 0.0, 0.02 * place, Interval(0.02 * place, 0.01 * place, 0.03 * place), 1536),
            Probe("text.en", "loss", 2.0, 2.0 + change.estimate, change, 1200, (0.5, 0.55)),
            Probe("skills", "skill", 0.9, 0.8, Interval(-0.1, -0.15, -0.05), 144),
        ),
        "adapter off",
        0.0,
        ({"en": "the base does not know: lookup.zh", "zh": "基座本来就不会：lookup.zh"},),
        1.5,
    )


def _point(step: int, share: float) -> CurvePoint:
    loss = 1.6 * math.exp(-step / 40) + 0.25 + 0.08 * random.Random(step).random()
    return CurvePoint(
        step,
        step / 40,
        loss,
        3e-4 * (1 - step / 125),
        step * 900,
        share - 0.2 * math.exp(-step / 30) if step % 20 == 0 else None,
    )


def _class_score(label: str, rows: tuple[ScoredPrediction, ...]) -> ClassScore:
    gold = sum(one.gold == label for one in rows)
    said = sum(one.answer == label for one in rows)
    both = sum(one.gold == label == one.answer for one in rows)
    return ClassScore(label, both / max(said, 1), both / max(gold, 1), 2 * both / max(said + gold, 1), gold)


def _counts(rows: tuple[ScoredPrediction, ...], labels: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
    counts = [[0] * (len(labels) + 1) for _ in labels]
    for one in rows:
        counts[labels.index(one.gold)][labels.index(one.answer) if one.answer is not None else len(labels)] += 1
    return tuple(tuple(line) for line in counts)


def _compare(old: Measurement, new: Measurement) -> Comparison:
    gain = new.metrics["accuracy"].estimate - old.metrics["accuracy"].estimate
    return Comparison(
        old.rung,
        new.rung,
        Interval(gain, gain - 0.03, gain + 0.03, how="paired bootstrap"),
        0.004,
        0.012,
        12,
        12 + round(300 * gain),
    )


def hostile_report() -> tuple[Report, Rows]:
    """Return a report in which every text from outside tries to become markup."""
    labels = tuple(f"{one}{HOSTILE}" for one in LABELS)
    report, rows = sample_report(40, labels), sample_rows(40, labels)
    names = {rung: f"{rung}{HOSTILE}" for rung in rows}
    measurements = tuple(
        replace(
            one,
            rung=names[one.rung],
            prompt=HOSTILE,
            settings={HOSTILE: HOSTILE},
            trials=tuple(
                replace(trial, settings={HOSTILE: HOSTILE, "n": number}) for number, trial in enumerate(one.trials)
            ),
            remarks=({"en": HOSTILE, "zh": HOSTILE},),
            forgetting={HOSTILE: 0.1},
            forgotten=Forgetting(
                "measured",
                (Probe(HOSTILE, "loss", 1.0, 2.0, Interval(1.0, 0.5, 1.5), 10, (0.1, 0.2)),),
                "base kept",
                0.5,
                ({"en": HOSTILE, "zh": HOSTILE},),
                1.0,
            ),
            metrics={HOSTILE: one.metrics["accuracy"], "macro_f1": one.metrics["macro_f1"]},
        )
        for one in report.measurements
    )
    hostile = replace(
        report,
        run={**report.run, "name": HOSTILE, HOSTILE: {HOSTILE: [HOSTILE]}, "files": [HOSTILE], "command": HOSTILE},
        task={**report.task, "instruction": HOSTILE},
        measurements=measurements,
        failed=(FailedRung(HOSTILE, HOSTILE, "failed", HOSTILE, HOSTILE),),
        comparisons=tuple(replace(one, old=names[one.old], new=names[one.new]) for one in report.comparisons),
        verdict=Verdict(
            "undecided",
            names["lora"],
            HOSTILE,
            HOSTILE,
            (Reason(HOSTILE, HOSTILE, HOSTILE),),
            900,
            tuple(names.values()),
        ),
        warnings=({"en": HOSTILE, "zh": HOSTILE},),
    )
    return hostile, {
        names[rung]: tuple(
            replace(one, id=f"{HOSTILE}{one.id}", text=HOSTILE, evidence=(HOSTILE,), problem=HOSTILE, prompt=HOSTILE)
            for one in part
        )
        for rung, part in rows.items()
    }
