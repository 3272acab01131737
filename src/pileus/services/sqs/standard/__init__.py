"""Standard queues: at least once, best-effort order."""
