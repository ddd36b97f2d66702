"""Frozen states and pooled vectors: computed once, equal to computing them, found again on disk."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from taskfit.engine import features
from taskfit.engine.features import batches_of, freeze_stream, pool_states, pooled
from taskfit.engine.learner import stream_hidden
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel
from tiny_models import FAMILIES, LAYERS, TinyModels, sentences


def test_batches_by_hand() -> None:
    assert batches_of([3, 3, 3, 10, 1], 6) == [[0, 1], [2], [3], [4]]
    assert batches_of([], 6) == []


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("layer", [0, 1, LAYERS])
def test_frozen_states_give_what_the_whole_network_gives(
    tiny: TinyModels, family: str, layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny.open(family)
    rows = model.encode(sentences(7, seed=8), special=True)
    monkeypatch.setattr(features, "TOKENS_AT_ONCE", 30)
    told: list[int] = []
    stream = freeze_stream(model, rows, layer, told.append)
    assert told[-1] == len(rows)
    picked = [5, 0, 3]
    with torch.inference_mode():
        ours = stream_hidden(model, [rows[r] for r in picked], stream, picked)
        wanted = stream_hidden(model, [rows[r] for r in picked])
    torch.testing.assert_close(ours, wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))


def test_pooling_by_hand() -> None:
    hidden = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]])
    layout = Layout((2, 1))
    assert pool_states(hidden, layout, "mean").tolist() == [[2.0, 1.0], [5.0, 5.0]]
    assert pool_states(hidden, layout, "first").tolist() == [[1.0, 0.0], [5.0, 5.0]]
    assert pool_states(hidden, layout, "last").tolist() == [[3.0, 2.0], [5.0, 5.0]]


def _files(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


@pytest.fixture
def counted(tiny: TinyModels, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of rows of every batch the network really runs."""
    ran: list[int] = []
    real = LocalModel.hidden

    def hidden(self: LocalModel, rows: list[list[int]], **more: Any) -> Any:
        ran.append(len(rows))
        return real(self, rows, **more)

    monkeypatch.setattr(LocalModel, "hidden", hidden)
    return ran


def test_pooled_vectors_are_found_again(tiny: TinyModels, tmp_path: Path, counted: list[int]) -> None:
    model = tiny.open("bert")
    rows = model.encode(sentences(6, seed=8), special=True)
    first = pooled(model, rows[:4], "mean", cache=tmp_path)
    again = pooled(model, [rows[5], *rows[:4], rows[5]], "mean", cache=tmp_path)
    assert sum(counted) == 5  # four, then only the new one, once
    assert np.array_equal(again[1:5], first)
    assert np.array_equal(again[0], again[5])
    assert again == pytest.approx(pooled(model, [rows[5], *rows[:4], rows[5]], "mean"), abs=1e-5)


def test_other_poolings_and_models_do_not_share_vectors(tiny: TinyModels, tmp_path: Path, counted: list[int]) -> None:
    rows = [[10, 11, 12]]
    for family in ("bert", "llama"):
        for how in ("mean", "first"):
            pooled(tiny.open(family), rows, how, cache=tmp_path)
    assert sum(counted) == 4


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", b"\x93NUMPY", "cut"])
def test_a_torn_cache_is_computed_again(tiny: TinyModels, tmp_path: Path, damage: bytes | str) -> None:
    model = tiny.open("bert")
    rows = model.encode(sentences(4, seed=8), special=True)
    wanted = pooled(model, rows, "mean", cache=tmp_path)
    (path,) = _files(tmp_path)
    path.write_bytes(path.read_bytes()[:-100] if isinstance(damage, str) else damage)
    assert np.array_equal(pooled(model, rows, "mean", cache=tmp_path), wanted)


def test_no_rows_give_no_vectors(tiny: TinyModels, tmp_path: Path) -> None:
    assert pooled(tiny.open("bert"), [], "mean", cache=tmp_path).shape == (0, tiny.open("bert").card.width)
