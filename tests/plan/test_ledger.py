"""The planner against a ledger of all tensors that a real training has in memory, kept by PyTorch's profiler."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from taskfit.app.settings import method_class
from taskfit.core.method import Desk
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.recompute import recompute_layers
from taskfit.model.open import open_local
from taskfit.plan.change import Way
from taskfit.plan.order import Order
from taskfit.plan.planner import CONSTANTS, estimate
from taskfit.plan.read import read_shape

BATCH, LENGTH = 8, 128


def most_in_memory(events: Any) -> int:
    """Return the most bytes that stood in tensors at once."""
    held = most = 0
    for _, change in sorted((one.start_ns(), one.nbytes()) for one in events if one.name() == "[memory]"):
        held += change
        most = max(most, held)
    return most


@pytest.mark.parametrize(
    ("way", "checkpointing"), [("full", False), ("full", True), ("lora", False), ("lora", True), ("last_layers", False)]
)
def test_the_peak_is_what_the_ledger_shows(tmp_path: Path, way: Way, checkpointing: bool) -> None:
    """Within 4 %: positions, masks, places of labels and one row's tables in the backward pass are not counted.

    The base is a mapping of its file, which is in memory but no tensor's own, so the ledger does not have it.
    """
    torch.set_num_threads(1)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        tuned = method_class(way).read({}).prepare(open_local("tiny"), 0)  # type: ignore[attr-defined]
        if checkpointing:
            recompute_layers(tuned)
        drawn = torch.randint(10, tuned.card.vocabulary, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))
        rows = [Row(ids, [1] * LENGTH) for ids in drawn.tolist()]
        looks = iter(range(9))  # better each time, so that the best weights are kept
        settings = LoopSettings(epochs=1, batch=BATCH, lr=1e-4, max_steps=2, evaluations_per_epoch=1000)
        train(TokenLearner(tuned, rows), settings, desk=Desk(tmp_path, tmp_path), evaluate=lambda: float(next(looks)))
    order = Order(way, batch=BATCH, length=LENGTH, precision="float32", checkpointing=checkpointing, place="cpu")
    said = estimate(read_shape("tiny"), order).total - CONSTANTS.imports
    base = 4.0 * read_shape("tiny").parameters
    assert said == pytest.approx(base + most_in_memory(seen.profiler.kineto_results.events()), rel=0.04)
