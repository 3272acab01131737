"""Tables made of backups, or of what another table was."""
