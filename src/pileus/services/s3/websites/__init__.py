"""Buckets as websites: what is configured, and the endpoint that serves them."""
