"""On-demand and system backups of tables, and continuous backups."""
