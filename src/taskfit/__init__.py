"""Adapt a language model to a task, and know when to stop."""

__version__ = "0.1.0"
