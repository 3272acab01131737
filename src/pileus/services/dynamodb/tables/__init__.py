"""Tables: their settings, states, indexes and what is kept about them."""
