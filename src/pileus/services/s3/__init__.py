"""Amazon S3: buckets, and objects that stream in and out."""
