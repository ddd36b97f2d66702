"""The steps of recipes: one file is one step, its name in CamelCase the class."""
