"""What is looked at before the first step: that rows teach something, and that a checkpoint belongs to this run."""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch

from taskfit.core.errors import DataError, UsageError
from taskfit.core.files import plain
from taskfit.core.text import Text
from taskfit.engine.checkpoint import Checkpoint
from taskfit.engine.learner import Learner

# Change nothing but rounding and the moments at which a checkpoint is written.
FREE = frozenset({"tokens_at_once", "accumulation", "checkpoint_seconds", "save_every", "parallel"})
LENGTH = frozenset({"epochs", "max_steps"})
SHOWN = 8


def check_rows(learner: Learner) -> Text | None:
    """Return a remark on rows that have nothing to learn, or None; raise DataError when no row has anything."""
    idle = [row + 1 for row in range(learner.rows) if not learner.weight(row)]
    if len(idle) == learner.rows:
        raise DataError(
            Text(
                f"none of the {learner.rows} training rows has anything to learn",
                f"{learner.rows} 条训练数据中没有任何可学习的内容",
            ),
            todo=Text(
                "rows need an answer that is not empty and fits the model's context",
                "每行都需要非空且不超出模型长度的答案",
            ),
        )
    if not idle:
        return None
    named = ", ".join(map(str, idle[:SHOWN])) + (" ..." if len(idle) > SHOWN else "")
    return Text(
        f"{len(idle)} of {learner.rows} training rows have nothing to learn: rows {named}",
        f"{learner.rows} 条训练数据中有 {len(idle)} 条没有可学习的内容：第 {named} 行",
    )


def run_facts(learner: Learner, settings: Any, lr_factors: Mapping[str, float]) -> dict[str, Any]:
    """Return what makes a run the same run: its settings, its rows, the threads (which decide the last bits)."""
    digest = hashlib.sha256()
    for row in range(learner.rows):
        digest.update(f"{learner.tokens(row)} {learner.weight(row)};".encode())
    kept = {key: value for key, value in vars(settings).items() if key not in FREE}
    kept["lr_factors"] = {name: factor for name, factor in sorted(lr_factors.items()) if factor != 1}
    kept["weights"] = _kinds(learner)
    return {"settings": plain(kept), "rows": digest.hexdigest()[:16], "threads": torch.get_num_threads()}


def _kinds(learner: Learner) -> dict[str, int]:
    """Return how many trained numbers there are of each precision."""
    counts: dict[str, int] = {}
    for weight in learner.trained().values():
        kind = str(weight.dtype).removeprefix("torch.")
        counts[kind] = counts.get(kind, 0) + weight.numel()
    return counts


def check_same_run(stored: Checkpoint, now: Mapping[str, Any], *, steps: int, where: str) -> list[Text]:
    """Return remarks on what differs without harm; raise UsageError when the checkpoint is another run's.

    A run that had ended may go on to more steps: its learning rate then follows the schedule of the longer run.
    """
    run = stored.facts["run"]
    old, new = run["settings"], now["settings"]
    longer = bool(stored.facts.get("ended")) and steps > stored.step
    changed = [
        f"{key} {old.get(key)} -> {new.get(key)}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key) and not (longer and key in LENGTH)
    ]
    if run["rows"] != now["rows"]:
        changed.append("the training rows")
    if changed:
        listed = "; ".join(changed)
        raise UsageError(
            Text(
                f"a checkpoint here was made with other settings or rows: {listed}",
                f"此处的检查点使用了不同的设置或数据：{listed}",
            ),
            where=where,
            todo=Text("change them back, or delete this folder to start again", "请改回原设置，或删除此目录重新开始"),
        )
    remarks = []
    if longer and any(old.get(key) != new.get(key) for key in LENGTH):
        remarks.append(
            Text(
                f"the run that ended at step {stored.step} goes on to step {steps}: from here the learning rate follows "
                f"the schedule {new['schedule']} over all {steps} steps",
                f"在第 {stored.step} 步结束的训练将继续到第 {steps} 步：从这里起，学习率按 {new['schedule']} 调度"
                f"在全部 {steps} 步上变化",
            )
        )
    if run["threads"] != now["threads"]:
        remarks.append(
            Text(
                f"continued with {now['threads']} threads instead of {run['threads']}: last digits may differ",
                f"以 {now['threads']} 个线程继续（原为 {run['threads']} 个）：末位数字可能不同",
            )
        )
    return remarks
