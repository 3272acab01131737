"""Event source mappings: what is read from queues and streams, and handed to functions."""
