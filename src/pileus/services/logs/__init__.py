"""CloudWatch Logs: groups, streams, events, retention, filter patterns."""
