"""DynamoDB's expressions: conditions, filters, projections, updates and key conditions.

An expression is parsed once for each text (`parse_...`), and bound to the names and values of each
request. `docs/reference/item_expressions.md` is the specification.
"""
