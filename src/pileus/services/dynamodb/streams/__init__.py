"""Streams: a record for each change of an item, for a day."""
