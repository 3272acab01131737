"""Environments, and what runs in them."""
