"""Reading streams in shards: what consumers of Kinesis and DynamoDB Streams have in common."""
