"""Which interpreter and program a function gets, and with which variables."""
