"""Carry out an order: our training, and around it what users of LLaMA-Factory expect of output_dir."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from taskfit.app.llamafactory.keys import Told
from taskfit.app.llamafactory.leave import LOG, TEMPLATE_FILE, TrainerLog, leave_files
from taskfit.app.llamafactory.order import Order
from taskfit.app.train import FINISHED, train
from taskfit.core.events import Emit, Event, silent
from taskfit.core.files import write_atomic, write_json

OURS = (FINISHED, "checkpoints", "model", "adapter", "trained.safetensors", LOG)


def train_order(order: Order, emit: Emit = silent) -> Path:
    """Train as the file asks, and return the folder of what was made."""
    run = Path(order.settings.run)
    if order.overwrite and (run / FINISHED).is_file():
        _begin_anew(run)
    if order.template is not None:
        write_atomic(run / TEMPLATE_FILE, order.template.encode("utf-8"))
    write_json(run / "llamafactory.json", _facts(order))
    rows = len(order.reading.practice.train)
    log = TrainerLog(run / LOG, order.logging_steps, rows, int(order.settings.settings["batch"]))

    def both(event: Event) -> None:
        log.see(event)
        emit(event)

    folder = train(order.settings, both, order.reading.practice)
    leave_files(run, template=order.template, rows=rows)
    return folder


def _begin_anew(run: Path) -> None:
    """Take away what a finished run left, so that it is done again; nothing else in the folder is touched."""
    for name in OURS:
        path = run / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _facts(order: Order) -> dict[str, Any]:
    def listed(keys: Iterable[Told]) -> list[dict[str, Any]]:
        return [{"key": one.key, "en": one.what.en, "zh": one.what.zh} for one in keys]

    return {
        "used": listed(order.keys.used),
        "not_used": listed(order.keys.idle),
        "datasets": order.reading.facts,
        "rows_not_used": [
            {"place": f"{row.file}:{row.line}", "en": row.reason.en, "zh": row.reason.zh}
            for row in order.reading.listed
        ],
    }
