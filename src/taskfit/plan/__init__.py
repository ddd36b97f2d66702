"""The memory planner: what a training or an answer will need, from the config of a model alone; nothing is loaded."""
