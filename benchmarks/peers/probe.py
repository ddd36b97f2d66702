"""Watch a transformers Trainer from outside: processor seconds, real tokens and loss of every optimizer step."""

from importlib import metadata
from typing import Any

from common import say_result
from transformers import TrainerCallback
from workers.clock import cpu_seconds


class StepProbe(TrainerCallback):
    """Counts tokens at the model's door (padding never counts) and reads the clock after every step."""

    def __init__(self, pad_id: int) -> None:
        self.pad_id = pad_id
        self.tokens, self.slots, self.targets = [0], [0], [0]
        self.cpu: list[float] = []
        self.began = 0.0
        self.losses: list[float] = []
        self.trained = 0

    def count(self, _module: Any, _args: Any, inputs: dict[str, Any]) -> None:
        self.tokens[-1] += int((inputs["input_ids"] != self.pad_id).sum())
        self.slots[-1] += inputs["input_ids"].numel()
        if inputs.get("labels") is not None:
            self.targets[-1] += int((inputs["labels"] != -100).sum())

    def on_train_begin(self, _args: Any, _state: Any, _control: Any, **what: Any) -> None:
        self.trained = sum(p.numel() for p in what["model"].parameters() if p.requires_grad)
        self.began = cpu_seconds()
        what["model"].register_forward_pre_hook(self.count, with_kwargs=True)

    def on_step_end(self, _args: Any, _state: Any, _control: Any, **_what: Any) -> None:
        self.cpu.append(cpu_seconds())
        for counts in (self.tokens, self.slots, self.targets):
            counts.append(0)

    def on_log(
        self, _args: Any, _state: Any, _control: Any, logs: dict[str, float] | None = None, **_what: Any
    ) -> None:
        if logs and "loss" in logs:
            self.losses.append(float(logs["loss"]))

    def say(self, peer: str) -> None:
        """Print the result line."""
        versions = {name: metadata.version(name) for name in (peer, "torch", "transformers", "peft")}
        counted = {"tokens": self.tokens[:-1], "slots": self.slots[:-1], "targets": self.targets[:-1]}
        facts = {"began": self.began, "cpu": self.cpu, "losses": self.losses, "trained": self.trained}
        say_result({**counted, **facts, "versions": versions})
