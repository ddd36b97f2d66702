"""Score labels as lm-evaluation-harness does: one request per (question, label), the whole prompt run again.

Requests are sorted by length, longest first, cut into batches, padded on the right; log-softmax over the
vocabulary at every position, then the label's tokens are picked (lm_eval/models/huggingface.py, `_loglikelihood_tokens`).
"""

from collections.abc import Sequence
from typing import Any

import torch


def encode_pair(tokenizer: Any, context: str, continuation: str) -> tuple[list[int], list[int]]:
    """Return the ids of the context and of what the continuation adds, as lm-eval's `_encode_pair`."""
    whole = tokenizer(context + continuation, add_special_tokens=False)["input_ids"]
    ahead = tokenizer(context, add_special_tokens=False)["input_ids"]
    return whole[: len(ahead)], whole[len(ahead) :]


@torch.no_grad()
def loglikelihoods(model: Any, tokenizer: Any, requests: Sequence[tuple[str, str]], batch: int) -> list[float]:
    """Return log p(continuation | context) of every request, in order."""
    pairs = [encode_pair(tokenizer, context, continuation) for context, continuation in requests]
    order = sorted(range(len(pairs)), key=lambda i: -(len(pairs[i][0]) + len(pairs[i][1])))
    found = [0.0] * len(pairs)
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        rows = [(pairs[i][0] + pairs[i][1])[:-1] for i in part]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
        logp = torch.log_softmax(model(ids).logits, -1)
        for line, i in enumerate(part):
            label = torch.tensor(pairs[i][1])
            end = len(rows[line])
            found[i] = float(logp[line, end - len(label) : end].gather(-1, label[:, None]).sum())
    return found
