"""How files of exports and imports write items: DynamoDB JSON, Amazon Ion, CSV."""
