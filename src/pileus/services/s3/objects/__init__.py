"""Objects: written, read, copied, tagged, deleted."""
