"""One file is one metric: `compute(gold, answers, labels)` in [0, 1], higher is better.

A mean of rows (`corpus = False`) also has `value(gold, answer)`; any other metric has `parts` (numbers of each row
that add up) and `combine` (what their totals come to), so that it can be resampled.
"""
