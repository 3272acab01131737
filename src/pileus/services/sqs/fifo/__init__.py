"""FIFO queues: strict order in each message group, exactly once within five minutes."""
