"""What can be learned from rows: one file beside aim.py is one aim."""
