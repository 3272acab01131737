"""Functions: their code, configuration, permissions, and the concurrency they reserve."""
