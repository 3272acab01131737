"""STS: who is calling, and temporary credentials for roles and users."""
