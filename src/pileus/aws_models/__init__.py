"""What AWS says about its own APIs; no HTTP."""
