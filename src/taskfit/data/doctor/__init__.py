"""The dataset doctor: one file is one check, its class (the file's name in CamelCase) is a `data.checking.Check`."""
