"""HTTP in and out; knows no service."""
