"""Connections, API destinations, global endpoints and partner event sources."""
