"""Published versions of functions, and the aliases that point at them."""
