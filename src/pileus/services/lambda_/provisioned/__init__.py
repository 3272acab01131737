"""Provisioned concurrency: how many environments are kept ready for a version or an alias."""
