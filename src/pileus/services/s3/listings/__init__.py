"""Lists of what a bucket holds, in pages."""
