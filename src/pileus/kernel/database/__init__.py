"""Rows, on SQLite or PostgreSQL, with one face."""
