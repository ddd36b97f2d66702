"""One file is one metric: `compute(gold, answers, labels)` in [0, 1], higher is better."""
