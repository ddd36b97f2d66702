"""A small invented world in English and Chinese: its words, tasks, documents and conversations. Seedable, no torch."""
