"""The dataset doctor: one file is one check, `check(rows)` yields what it finds."""
