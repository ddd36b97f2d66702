"""One file is one method of adapting a model; the file name is its public name."""
