"""The ROUGE-L filter against the package rouge_score: new instructions compared with a pool of earlier ones.

rouge_score is timed in the two ways in which it is used as this filter: `RougeScorer.score` on every pair (Self-Instruct), and
its LCS on words cut beforehand (Alpaca). Both run on a few instructions, ours on all; seconds are processor seconds of one
comparison with the whole pool. In the same run all decisions, and the places and scores found, are compared.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from common import parser_of, table, write_results
from material import alpaca_file
from rouge_score import rouge_scorer

from taskfit.data.rouge import RougePool

AIM = 500
POOLS = (1000, 3000, 8000)
SCORER = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False)


def instructions(file: Path, most: int) -> list[str]:
    """Return the first `most` different instructions of an Alpaca file."""
    rows = json.loads(file.read_text(encoding="utf-8"))
    return list(dict.fromkeys(str(row["instruction"]) for row in rows))[:most]


def by_pairs(pool: Sequence[str], text: str) -> list[float]:
    """Score as Self-Instruct does."""
    return [SCORER.score(text, one)["rougeL"].fmeasure for one in pool]


def by_words(pool: Sequence[list[str]], words: list[str]) -> list[float]:
    """Score as Alpaca does: the words are cut before."""
    return [rouge_scorer._score_lcs(words, one).fmeasure for one in pool]


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the processor seconds of one of `times` pieces of work."""
    begin = time.process_time()
    work()
    return (time.process_time() - begin) / times


def one_pool(texts: Sequence[str], size: int, slow: int) -> dict[str, float]:
    """Measure one pool; raise SystemExit when a decision differs."""
    pool, new = texts[:size], texts[size : size + 1000]
    cut = [SCORER._tokenizer.tokenize(one) for one in pool]
    asked = [*new[: slow - 2], pool[size // 2], pool[size // 3] + " please"]
    scores: list[list[float]] = []
    pairs = seconds(lambda: scores.extend(by_pairs(pool, one) for one in asked), len(asked))
    words = [SCORER._tokenizer.tokenize(one) for one in asked]
    fast_words = seconds(lambda: [by_words(cut, one) for one in words], len(words))
    filled: list[RougePool] = []
    fill = seconds(lambda: filled.append(RougePool(pool)), 1)
    ours = seconds(lambda: [filled[0].nearest(one) for one in new], len(new))
    for text, row in zip(asked, scores, strict=True):
        found, best = filled[0].nearest(text), max(row)
        wanted = (row.index(best), best) if best > 0.7 else None
        if (found and (found.place, found.score)) != wanted:
            raise SystemExit(f"decisions differ for {text!r}: {found} and {wanted}")
    return {"pool": size, "pairs": pairs, "words": fast_words, "taskfit": ours, "fill": fill, "checked": len(asked)}


def main() -> None:
    parser = parser_of(__doc__)
    parser.add_argument("--slow", type=int, default=12, help="instructions that rouge_score compares")
    chosen = parser.parse_args()
    texts = instructions(alpaca_file(chosen.alpaca), max(POOLS) + 1000)
    found = [one_pool(texts, size, chosen.slow) for size in POOLS if size + 1000 <= len(texts)]
    rows = [
        (one["pool"], f"{1e3 * one['pairs']:.1f}", f"{1e3 * one['words']:.1f}", f"{1e6 * one['taskfit']:.0f}",
         f"{one['pairs'] / one['taskfit']:,.0f}", f"{one['words'] / one['taskfit']:,.0f}")
        for one in found
    ]  # fmt: skip
    head = ("pool", "rouge_score, ms", "on words cut before, ms", "taskfit, µs", "ratio", "ratio on words")
    print(table(head, rows))
    least = min(one["words"] / one["taskfit"] for one in found)
    print(
        f"the least ratio is {least:,.0f} (aim: {AIM}); all {sum(int(one['checked']) for one in found)} decisions equal"
    )
    write_results("rouge", {"aim": AIM, "pools": found, "least_ratio": least}, chosen.results)


if __name__ == "__main__":
    main()
