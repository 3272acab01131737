"""X-Ray: traces, what they sum up to, and the rules of their sampling."""
