"""Consumers of a stream with enhanced fan-out, and their subscriptions."""
