"""PartiQL as DynamoDB knows it: SELECT, INSERT, UPDATE, DELETE and EXISTS on items.

A statement is parsed once for each text (`statements.parse`) into the conditions and updates of
`item_expressions`, and bound to the parameters of each request (`constants`). `conditions_on_keys`
says which keys it is about. `docs/reference/partiql.md` is the specification.
"""
