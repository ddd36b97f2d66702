"""The nouns of taskfit and what they share: settings, errors, events, files. Knows no torch."""
