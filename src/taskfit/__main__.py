"""`python -m taskfit` is the command `taskfit`."""

from taskfit.cli import main

if __name__ == "__main__":
    main()
