"""The host's side of environments: their lives, and the APIs that are inside them."""
