"""The files that users of LLaMA-Factory look for in output_dir, beside our own."""

import os
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taskfit.core.events import Event
from taskfit.core.files import cannot_write, read_json, read_lines, to_json, write_atomic, write_json, write_lines

LOG = "trainer_log.jsonl"
TEMPLATE_FILE = "chat_template.jinja"
MADE = ("adapter", "model")


@dataclass
class TrainerLog:
    """Writes a line of trainer_log.jsonl every so many steps, from the events of training."""

    path: Path
    every: int
    rows: int
    batch: int
    began: float = 0.0
    first: int = 0
    losses: list[float] = field(default_factory=list)
    tokens_before: int = 0

    def see(self, event: Event) -> None:
        """Take notice of an event; only training steps are written."""
        if event.kind != "train.step" or not self.every:
            return
        data: Mapping[str, Any] = event.data
        step, total = int(data["step"]), int(data["total"])
        if not self.began:
            self._begin(step)
        self.losses.append(float(data["loss"]))
        if step % self.every and step != total:
            return
        self._write(data, step, total)
        self.losses.clear()

    def _begin(self, step: int) -> None:
        """Keep what stands there from before a resume, but no line of a step that is done again."""
        self.began, self.first = time.monotonic(), step - 1
        before = list(read_lines(self.path)) if self.path.is_file() and step > 1 else []
        write_lines(self.path, [line for line in before if line["current_steps"] < step])

    def _write(self, data: Mapping[str, Any], step: int, total: int) -> None:
        seconds = time.monotonic() - self.began
        done = max(1, step - self.first)
        line = {
            "current_steps": step,
            "total_steps": total,
            "loss": round(sum(self.losses) / len(self.losses), 6),
            "lr": data["lr"],
            "epoch": round(step * self.batch / max(1, self.rows), 4),
            "percentage": round(100 * step / total, 2),
            "elapsed_time": _clock(seconds),
            "remaining_time": _clock(seconds / done * (total - step)),
            "total_tokens": data["tokens"],
        }
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(to_json(line, indent=None) + "\n")
        except OSError as problem:
            raise cannot_write(self.path, problem) from problem


def leave_files(run: Path, *, template: str | None, rows: int) -> None:
    """Write the results and put the weights where LLaMA-Factory puts them, after training in the folder `run`."""
    facts = read_json(run / "trained.json")
    for name in MADE:
        if (run / name).is_dir():
            if template is not None:
                _put_template(run / name, template)
            _link_files(run / name, run)
    results = _results(facts, rows)
    write_json(run / "train_results.json", {key: value for key, value in results.items() if key != "eval_loss"})
    write_json(run / "all_results.json", results)
    write_json(run / "trainer_state.json", _state(facts))


def _results(facts: Mapping[str, Any], rows: int) -> dict[str, Any]:
    curve, seconds = facts["curve"], max(1e-9, float(facts["seconds"]))
    steps = int(curve[-1]["step"]) if curve else 0
    epochs = float(curve[-1]["epoch"]) if curve else 0.0
    before = [0, *(int(point["step"]) for point in curve)]
    weighed = [(int(point["step"]) - start, float(point["loss"])) for start, point in zip(before, curve, strict=False)]
    mean = sum(share * loss for share, loss in weighed) / max(1, steps)
    measured = [-float(point["dev_score"]) for point in curve if point["dev_score"] is not None]
    results = {
        "epoch": round(epochs, 4),
        "num_input_tokens_seen": facts["tokens"],
        "total_flos": facts["flops"],
        "train_loss": round(mean, 6),
        "train_runtime": round(seconds, 4),
        "train_samples_per_second": round(rows * epochs / seconds, 3),
        "train_steps_per_second": round(steps / seconds, 3),
    }
    return results | ({"eval_loss": round(min(measured), 6)} if measured else {})


def _state(facts: Mapping[str, Any]) -> dict[str, Any]:
    history: list[dict[str, Any]] = []
    for point in facts["curve"]:
        place = {"epoch": point["epoch"], "step": point["step"]}
        history.append({"loss": point["loss"], "learning_rate": point["lr"], **place})
        if point["dev_score"] is not None:
            history.append({"eval_loss": -point["dev_score"], **place})
    steps = facts["curve"][-1]["step"] if facts["curve"] else 0
    return {"global_step": steps, "max_steps": steps, "log_history": history}


def _put_template(folder: Path, template: str) -> None:
    """Let the saved model be asked as it was trained: with this template, and ended by the token it writes."""
    from taskfit.model.template import ChatTemplate, read_template

    write_atomic(folder / TEMPLATE_FILE, template.encode("utf-8"))
    tokenizer = folder / "tokenizer.json"
    config = folder / "tokenizer_config.json"
    if not tokenizer.is_file() or not config.is_file():
        return
    from tokenizers import Tokenizer

    read = read_template(folder)
    assert isinstance(read, ChatTemplate)
    end = read.answer_end.strip()
    if end and Tokenizer.from_file(str(tokenizer)).token_to_id(end) is not None:
        write_json(config, read_json(config) | {"eos_token": end})


def _link_files(made: Path, run: Path) -> None:
    """Put the files of the folder `made` beside it as well, without taking their space twice where that is possible."""
    for path in sorted(made.iterdir()):
        if not path.is_file():
            continue
        target = run / path.name
        try:
            with suppress(FileNotFoundError):
                target.unlink()
            try:
                os.link(path, target)
            except OSError:  # this disk knows no second name for a file
                shutil.copyfile(path, target)
        except OSError as problem:
            raise cannot_write(target, problem) from problem


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
