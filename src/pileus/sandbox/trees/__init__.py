"""The processes of environments, and how they are kept apart."""
