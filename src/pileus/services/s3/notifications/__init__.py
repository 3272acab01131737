"""Event notifications: what a bucket tells of changes to its objects, and to whom."""
