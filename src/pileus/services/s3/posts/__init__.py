"""Forms that browsers post: uploads without an SDK."""
