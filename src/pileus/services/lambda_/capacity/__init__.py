"""Capacity providers, and what runs on them: Lambda Managed Instances."""
