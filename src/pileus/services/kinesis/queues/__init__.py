"""Queues on streams: each record to one of many receivers, until it is acknowledged."""
