"""Ways to make rows: one file is one way, found by its name."""
