"""Copies of archived objects that can be read for a time."""
