"""Replication: new versions of a bucket appear in others too."""
