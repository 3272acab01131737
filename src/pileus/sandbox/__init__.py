"""Runs customer code in processes of its own; knows the runtime contract, not the Lambda API."""
