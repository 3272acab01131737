"""Archives of events, and replays of what they hold."""
