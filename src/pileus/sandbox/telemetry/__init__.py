"""Telemetry of environments, in the forms of the Telemetry and the Logs API."""
