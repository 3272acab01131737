"""The AWS wire formats; know no service."""
