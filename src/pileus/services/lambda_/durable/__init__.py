"""Durable functions: executions that go on where they stood, over many invocations."""
