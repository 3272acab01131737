"""AWS Lambda: functions, their invocation, and the event source mappings that feed them."""
