"""Benchmarks: Pileus beside its peers, measured in one run."""
