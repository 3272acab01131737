"""Items: keys, reading, writing, queries, batches and transactions."""
