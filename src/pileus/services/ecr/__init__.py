"""Elastic Container Registry: repositories, their images, and the registry that clients push to."""
