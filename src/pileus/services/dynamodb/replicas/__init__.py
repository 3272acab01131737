"""Global tables: one table in several regions, each of which is written to."""
