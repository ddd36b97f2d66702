"""The machinery every method shares: the training loop, the flat batch, scoring, features, checkpoints."""
