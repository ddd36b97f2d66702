"""The data workshop: one file is one command of `taskfit data`, with its settings and its one function."""
