"""The small languages that users write; pure: no clock, no database."""
