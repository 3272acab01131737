"""SnapStart: versions whose INIT runs when they are published."""
