"""Lifecycle rules: what becomes of objects and uploads when they have reached an age."""
