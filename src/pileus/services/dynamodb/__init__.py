"""DynamoDB and its streams: tables, items, indexes, and what happened to them."""
