"""Rows that are made, not found: synthesis through a model, and what people say of them."""
