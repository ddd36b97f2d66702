"""LLaMA-Factory's run files, dataset_info.json and templates, read as they are (their names are theirs: Apache-2.0)."""
