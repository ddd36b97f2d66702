"""Features of frozen layers, computed once: hidden states per token, pooled vectors per text."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taskfit.core.files import cannot_write
from taskfit.engine.prefix import Prefix, fitting_prefix
from taskfit.model.body import run_layers
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel, flat_rows

TOKENS_AT_ONCE = 4096


@dataclass(frozen=True)
class FrozenStream:
    """Hidden states at the input of `layer` for every token of a set of rows: states [T, W], starts [rows + 1]."""

    layer: int
    states: Tensor
    starts: tuple[int, ...]

    def take(self, rows: Sequence[int], shared: int = 0) -> Tensor:
        """Return the states of the rows side by side, [T', W]; their first `shared` tokens only once, before all."""
        own = [self.states[self.starts[r] + shared : self.starts[r + 1]] for r in rows]
        first = self.starts[rows[0]]
        return torch.cat([self.states[first : first + shared], *own] if shared else own)


def batches_of(lengths: Sequence[int], at_once: int = TOKENS_AT_ONCE) -> list[list[int]]:
    """Return row numbers in order, cut into batches of at most `at_once` tokens (at least one row each)."""
    batches: list[list[int]] = []
    used = at_once
    for row, length in enumerate(lengths):
        if used + length > at_once:
            batches.append([])
            used = 0
        batches[-1].append(row)
        used += length
    return batches


def freeze_stream(
    model: LocalModel, rows: Sequence[Sequence[int]], layer: int, told: Callable[[int], None] = lambda _: None
) -> FrozenStream:
    """Run the layers below `layer` once over all rows and keep what they give. `told` hears rows done."""
    total = sum(len(row) for row in rows)
    dtype = next(model.network.parameters()).dtype
    states = torch.empty(total, model.card.width, dtype=dtype)
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    for batch in batches_of([len(row) for row in rows]):
        ids, positions, layout = flat_rows([rows[r] for r in batch], causal=model.body.causal, device=model.device)
        with torch.inference_mode():
            hidden = run_layers(model.body, model.body.embed(ids, positions), positions, layout, 0, layer)[0]
            states[starts[batch[0]] : starts[batch[-1] + 1]].copy_(hidden)
        told(batch[-1] + 1)
    return FrozenStream(layer, states, tuple(int(start) for start in starts))


def pooled(
    model: LocalModel,
    rows: Sequence[Sequence[int]],
    how: str,
    *,
    cache: Path | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Return one vector per row, [rows, W]: the final hidden states pooled ("mean", "first" or "last" token).

    With `cache`, each row's vector is kept on disk under a hash of model, tokens and pooling, and found again
    by any rung of the run.
    """
    keys = [_key(row) for row in rows]
    path = None if cache is None else cache / f"pooled-{model.card.fingerprint}-{how}.npz"
    known = _read(path)
    missing = sorted({key: i for i, key in enumerate(keys) if key not in known}.values())
    alike = model.body.causal and how == "last" and len(missing) > 1
    prefix = fitting_prefix(model, [rows[i] for i in missing], None) if alike else None
    for batch in batches_of([len(rows[i]) for i in missing]):
        part = [missing[b] for b in batch]
        vectors = _pool_batch(model, [rows[i] for i in part], how, prefix)
        known.update({keys[i]: vector for i, vector in zip(part, vectors, strict=True)})
        told(len(rows) - len(missing) + batch[-1] + 1)
    if path is not None and missing:
        _write(path, known)
    return np.stack([known[key] for key in keys]) if rows else np.empty((0, model.card.width), np.float32)


def _pool_batch(
    model: LocalModel, rows: Sequence[Sequence[int]], how: str, prefix: Prefix | None
) -> NDArray[np.float32]:
    past = len(prefix.ids) if prefix else 0
    hidden, layout = model.hidden([row[past:] for row in rows], start=past, past=prefix.past if prefix else None)
    return pool_states(hidden, layout, how).float().cpu().numpy()


def pool_states(hidden: Tensor, layout: Layout, how: str) -> Tensor:
    """Return one vector per sequence, [S, W]: "mean" over its tokens, its "first" or its "last" token."""
    spans = layout.spans
    if how == "mean":
        lengths = torch.tensor(layout.lengths, device=hidden.device)
        owner = torch.repeat_interleave(torch.arange(len(spans), device=hidden.device), lengths)
        sums = hidden.new_zeros(len(spans), hidden.shape[-1]).index_add(0, owner, hidden)
        return sums / lengths[:, None].to(hidden.dtype)
    place = [a if how == "first" else b - 1 for a, b in spans]
    return hidden.index_select(0, torch.tensor(place, device=hidden.device))


def _key(row: Sequence[int]) -> str:
    return hashlib.blake2b(np.asarray(row, dtype=np.int64).tobytes(), digest_size=12).hexdigest()


def _read(path: Path | None) -> dict[str, NDArray[np.float32]]:
    if path is None or not path.is_file():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return {}  # a cache may be torn or deleted at any time; it is then computed again


def _write(path: Path, known: dict[str, NDArray[np.float32]]) -> None:
    temporary = path.with_name(path.name + ".tmp.npz")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(temporary, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise cannot_write(path, problem) from problem
