"""Task templates: how a labelled row is said as a question with its answer, in English and Chinese, and read back."""
