"""IAM: roles, users, groups, policies, access keys, instance profiles."""
