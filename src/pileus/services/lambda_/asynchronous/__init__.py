"""Events that were accepted to run later."""
