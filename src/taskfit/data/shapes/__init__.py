"""One file is one row format: how likely a row is of it, how it is read into a Record, how a Record is written."""
