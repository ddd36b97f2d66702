"""One file, one kind of task that templates are written for."""
