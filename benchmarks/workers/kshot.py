"""One measured worker of kshot_scoring.py: score the queries' labels in one of three ways."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from common import say_result
from verbs import LABELS, few_shot_prompt
from workers.clock import Clock

Rows = list[dict[str, str]]


def with_taskfit(model: str, dtype: str, prompts: Sequence[str], clock: Clock) -> list[list[float]]:
    """Score with taskfit: shared prefix, question, tree of labels."""
    from taskfit.engine.machine import fast_matmul
    from taskfit.engine.score import score_labels
    from taskfit.model.open import open_local

    with clock.part("load"):
        local = open_local(model, dtype=dtype)
    with clock.part("probe kernels"), fast_matmul() as fast:
        print("fast kernels:", fast)
        with clock.part("score"):
            labels = local.encode([f" {label}" for label in LABELS])
            values = score_labels(local, local.encode(prompts), labels).values.tolist()
    return values


def with_requests(model: str, dtype: str, prompts: Sequence[str], clock: Clock, batch: int) -> list[list[float]]:
    """Score with plain transformers, request by request as lm-evaluation-harness does."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from workers.padded_requests import loglikelihoods

    with clock.part("load"):
        tokenizer = AutoTokenizer.from_pretrained(model)
        network = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype)).eval()
    with clock.part("score"):
        asked = [(prompt, f" {label}") for prompt in prompts for label in LABELS]
        return in_rows(loglikelihoods(network, tokenizer, asked, batch))


def with_lm_eval(model: str, dtype: str, prompts: Sequence[str], clock: Clock, batch: int) -> list[list[float]]:
    """Score with lm-evaluation-harness itself (needs its environment)."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    with clock.part("load"):
        harness = HFLM(pretrained=model, device="cpu", dtype=dtype, batch_size=batch, add_bos_token=False)
    with clock.part("score"):
        asked = [(prompt, f" {label}") for prompt in prompts for label in LABELS]
        requests = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(asked)]
        return in_rows([value for value, _ in harness.loglikelihood(requests, disable_tqdm=True)])


def in_rows(values: Sequence[float]) -> list[list[float]]:
    """Cut the flat list of log-probabilities into one list per question."""
    wide = len(LABELS)
    return [list(values[start : start + wide]) for start in range(0, len(values), wide)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", choices=("taskfit", "requests", "lm-eval"), required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--task", type=Path, required=True, help="JSON with shots and queries")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--batch", type=int, default=16)
    chosen = parser.parse_args()
    task: dict[str, Rows] = json.loads(chosen.task.read_text(encoding="utf-8"))
    prompts = [few_shot_prompt(task["shots"], query) for query in task["queries"]]
    clock = Clock()
    if chosen.side == "taskfit":
        values = with_taskfit(chosen.model, chosen.dtype, prompts, clock)
    elif chosen.side == "requests":
        values = with_requests(chosen.model, chosen.dtype, prompts, clock, chosen.batch)
    else:
        values = with_lm_eval(chosen.model, chosen.dtype, prompts, clock, chosen.batch)
    say_result({"cpu": clock.cpu, "wall": clock.wall, "values": values, "queries": len(prompts)})


if __name__ == "__main__":
    main()
