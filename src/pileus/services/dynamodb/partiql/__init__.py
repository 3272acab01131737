"""PartiQL: statements that read and change items, alone, in batches and in transactions."""
