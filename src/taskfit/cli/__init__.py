"""The command line: a thin shell over `app`; it knows no method's name and no default."""

from taskfit.cli.program import main

__all__ = ["main"]
