"""Carry out an order: our training, and around it what users of LLaMA-Factory expect of output_dir."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from taskfit.app.llamafactory.keys import Told
from taskfit.app.llamafactory.leave import LOG, MADE, TEMPLATE_FILE, TrainerLog, leave_files
from taskfit.app.llamafactory.order import FACTS, Order
from taskfit.app.train import train_run
from taskfit.app.train_place import FINISHED, SETTINGS, begin_anew, differences
from taskfit.app.train_rows import ground_in_memory
from taskfit.core.events import Emit, Event, silent
from taskfit.core.files import read_json, write_atomic, write_json

EXTRA = (LOG, "train_results.json", "all_results.json", "trainer_state.json", FACTS)


def train_order(order: Order, emit: Emit = silent, *, fresh: bool = False) -> Path:
    """Train as the file asks, and return the folder of the run; `fresh` begins anew in it.

    With overwrite_output_dir a finished run, or one of other settings or rows, is done anew; an interrupted one goes on.
    """
    run = Path(order.settings.run or "")
    rows = len(order.reading.practice.train)
    lead = os.environ.get("RANK", "0") == "0"  # torchrun: the first process does the writing
    if lead and (fresh or (order.overwrite and _is_another(run, order))):
        _take_away(run)
    if order.template is not None:  # every process reads it, so each makes sure that it is there
        write_atomic(run / TEMPLATE_FILE, order.template.encode("utf-8"))
    if lead:
        write_json(run / FACTS, _facts(order))
    log = TrainerLog(run / LOG, order.logging_steps, rows, int(order.settings.settings["batch"]))

    def both(event: Event) -> None:
        log.see(event)
        emit(event)

    train_run(order.settings, both, order.reading.practice)
    if lead:
        _write_whole(order, run)
        leave_files(run, template=order.template, rows=rows)
    return run


def _write_whole(order: Order, run: Path) -> None:
    """Write the whole model where only some of its own weights were trained (freeze), as LLaMA-Factory does."""
    if not (run / "trained.safetensors").is_file() or (run / "model").is_dir():
        return
    from taskfit.engine.language import change_of
    from taskfit.model.fresh import write_model
    from taskfit.model.open import open_local

    base = open_local(order.settings.start, online=order.settings.online)
    write_model(change_of(order.settings.settings["weights"]).load_weights(base, run), run / "model")


def _is_another(run: Path, order: Order) -> bool:
    """Tell whether the folder holds a finished run, or one that this order cannot continue."""
    if not (run / SETTINGS).is_file() or (run / FINISHED).is_file():
        return True
    ground = ground_in_memory(order.settings, order.reading.practice)
    stored = run / "rows.json"
    other_rows = stored.is_file() and read_json(stored)["fingerprint"] != ground.fingerprint
    return other_rows or bool(differences(run, order.settings))


def _take_away(run: Path) -> None:
    """Take away what a run of ours left in the folder; nothing else in it is touched."""
    if not (run / SETTINGS).is_file():
        return
    for made in (run / name for name in MADE):
        for path in made.iterdir() if made.is_dir() else ():
            (run / path.name).unlink(missing_ok=True)
    begin_anew(run)
    for name in EXTRA:
        (run / name).unlink(missing_ok=True)


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
