"""Code signing configurations: whose signatures a function's package must have."""
