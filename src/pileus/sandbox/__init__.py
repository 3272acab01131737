"""Runs customer code in processes of its own; knows the Lambda runtime contract, not the Lambda API."""
