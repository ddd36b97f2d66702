"""Exact scores of closed label sets: shared prefix -> question -> tree of label tokens, each token once.

For every question and label this gives what running the whole text would give: the sum of the label's
token log-probabilities. Letters: N questions, C labels, P prefix tokens, V vocabulary.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taskfit.engine.features import batches_of
from taskfit.engine.flops import forward_flops
from taskfit.engine.prefix import Prefix, fitting_prefix
from taskfit.model.body import run_layers
from taskfit.model.flat import Layout
from taskfit.model.local import LocalModel

TOKENS_AT_ONCE = 1536


@dataclass(frozen=True)
class LabelTree:
    """The labels' tokens as a tree. Node 0 is the end of the question; node i > 0 is token `tokens[i]` after `parents[i]`.

    `paths[c]` lists the nodes of label c. Only nodes with children are ever fed to the network (`fed`).
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]

    @cached_property
    def fed(self) -> tuple[int, ...]:
        """The nodes (without node 0) that have children."""
        return tuple(sorted(set(self.parents[1:]) - {0}))

    @cached_property
    def depths(self) -> tuple[int, ...]:
        """The distance of each node from node 0."""
        depths = [0]
        for parent in self.parents[1:]:
            depths.append(depths[parent] + 1)
        return tuple(depths)

    @cached_property
    def mask(self) -> Tensor:
        """Additive mask [fed, fed]: a fed node sees itself and its ancestors."""
        place = {node: i for i, node in enumerate(self.fed)}
        mask = torch.full((len(self.fed), len(self.fed)), float("-inf"))
        for node, i in place.items():
            while node:
                mask[i, place[node]] = 0.0
                node = self.parents[node]
        return mask


def label_tree(labels: Sequence[Sequence[int]]) -> LabelTree:
    """Return the tree of the labels' token ids."""
    tokens, parents = [-1], [-1]
    children: dict[tuple[int, int], int] = {}
    paths = []
    for label in labels:
        node, path = 0, []
        for token in label:
            if (node, token) not in children:
                children[node, token] = len(tokens)
                tokens.append(token)
                parents.append(node)
            node = children[node, token]
            path.append(node)
        paths.append(tuple(path))
    return LabelTree(tuple(tokens), tuple(parents), tuple(paths))


@dataclass(frozen=True)
class LabelScores:
    """Log-probabilities [N, C], and what each question cost beyond the shared prefix."""

    values: NDArray[np.float64]
    tokens: tuple[int, ...]
    flops: tuple[float, ...]
    prefix_tokens: int


def score_labels(
    model: LocalModel,
    questions: Sequence[Sequence[int]],
    labels: Sequence[Sequence[int]],
    *,
    prefix: Prefix | None = None,
    told: Callable[[int], None] = lambda _: None,
) -> LabelScores:
    """Return log p(label | question) for every pair; questions and labels are token ids.

    A `prefix` that was run before is used as it is when every question begins with it; otherwise the
    longest common prefix is run here. `told` hears how many questions are done.
    """
    prefix = fitting_prefix(model, questions, prefix)
    tree = label_tree(labels)
    start = len(prefix.ids) if prefix else 0
    own = [list(question[start:]) for question in questions]
    values = np.empty((len(questions), len(labels)))
    for batch in batches_of([len(row) + len(tree.fed) for row in own], TOKENS_AT_ONCE):
        values[batch] = _score_batch(model, [own[i] for i in batch], tree, prefix)
        told(batch[-1] + 1)
    costs = [_cost(model, len(row), start, tree) for row in own]
    return LabelScores(values, tuple(t for t, _ in costs), tuple(f for _, f in costs), start)


def _cost(model: LocalModel, own: int, past: int, tree: LabelTree) -> tuple[int, float]:
    tokens = own + len(tree.fed)
    context = past + own / 2 if past else own / 2
    return tokens, forward_flops(model.card, tokens, context=context, logits=1 + len(tree.fed))


def _score_batch(
    model: LocalModel, rows: Sequence[Sequence[int]], tree: LabelTree, prefix: Prefix | None
) -> NDArray[np.float64]:
    past = len(prefix.ids) if prefix else 0
    fed = [tree.tokens[node] for node in tree.fed]
    depths = [tree.depths[node] for node in tree.fed]
    ids, positions, trees = [], [], []
    for row in rows:
        ids += [*row, *fed]
        positions += [*range(past, past + len(row)), *(past + len(row) - 1 + depth for depth in depths)]
        trees.append(_row_mask(len(row), tree))
    layout = Layout(
        tuple(len(row) + len(fed) for row in rows),
        trees=trees if fed else None,
        past=prefix.past if prefix else None,
    )
    device = model.device
    with torch.inference_mode():
        where = torch.tensor(positions, device=device)
        hidden = model.body.embed(torch.tensor(ids, device=device), where)
        hidden = run_layers(model.body, hidden, where, layout, 0, len(model.body.layers))
        asked = [[b - len(fed) - 1, *range(b - len(fed), b)] for _, b in layout.spans]  # question end, fed nodes
        picked = hidden[0, torch.tensor(asked, device=device).flatten()]
        log_p = torch.log_softmax((model.body.finish(picked) @ model.head.T).float(), -1)
        return _sum_paths(log_p.view(len(rows), 1 + len(fed), -1), tree)


def _row_mask(length: int, tree: LabelTree) -> Tensor:
    """Additive mask [n, n]: causal within the question; fed nodes see the question and their ancestors."""
    n = length + len(tree.fed)
    mask = torch.full((n, n), float("-inf")).triu_(1)
    mask[length:, length:] = tree.mask
    return mask


def _sum_paths(log_p: Tensor, tree: LabelTree) -> NDArray[np.float64]:
    """[N, 1 + fed, V] -> [N, C]: add each label's token log-probabilities along its path."""
    row_of = {0: 0} | {node: 1 + i for i, node in enumerate(tree.fed)}
    nodes = range(1, len(tree.tokens))
    at = torch.tensor([row_of[tree.parents[node]] for node in nodes])
    token = torch.tensor([tree.tokens[node] for node in nodes])
    of_node = log_p[:, at, token].double().cpu().numpy()  # [N, nodes]
    columns = [of_node[:, [node - 1 for node in path]].sum(1) for path in tree.paths]
    return np.stack(columns, 1)
