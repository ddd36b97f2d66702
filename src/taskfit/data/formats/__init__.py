"""One file is one file format: `read(path, ...)` yields rows with their line numbers."""
