"""Tables that are made of objects in S3."""
