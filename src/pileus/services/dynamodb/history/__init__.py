"""What items were before they changed: recording it, reading a table as it was, forgetting."""
