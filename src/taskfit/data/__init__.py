"""Rows in: files become Examples, Examples become Splits. Knows no model."""
