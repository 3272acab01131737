"""Amazon SNS: topics that hand each message on to all their subscribers."""
