"""What is looked at before the first step: that rows teach something, and that a checkpoint belongs to this run."""

import hashlib
from collections.abc import Mapping
from typing import Any

import torch

from taskfit.core.errors import DataError, UsageError
from taskfit.core.files import plain
from taskfit.core.text import Text
from taskfit.engine.learner import Learner

# Change nothing but rounding and the moments at which a checkpoint is written.
FREE = frozenset({"tokens_at_once", "checkpoint_seconds"})
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


def run_facts(learner: Learner, settings: Any) -> dict[str, Any]:
    """Return what makes a run the same run: its settings, its rows, the threads (which decide the last bits)."""
    digest = hashlib.sha256()
    for row in range(learner.rows):
        digest.update(f"{learner.tokens(row)} {learner.weight(row)};".encode())
    kept = {key: value for key, value in vars(settings).items() if key not in FREE}
    return {"settings": plain(kept), "rows": digest.hexdigest()[:16], "threads": torch.get_num_threads()}


def check_same_run(stored: Mapping[str, Any], now: Mapping[str, Any], where: str) -> Text | None:
    """Return a remark on what differs without harm, or None; raise UsageError when the checkpoint is another run's."""
    old, new = stored["settings"], now["settings"]
    changed = [
        f"{key} {old.get(key)} -> {new.get(key)}" for key in sorted({*old, *new}) if old.get(key) != new.get(key)
    ]
    if stored["rows"] != now["rows"]:
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
    if stored["threads"] == now["threads"]:
        return None
    return Text(
        f"continued with {now['threads']} threads instead of {stored['threads']}: last digits may differ",
        f"以 {now['threads']} 个线程继续（原为 {stored['threads']} 个）：末位数字可能不同",
    )
