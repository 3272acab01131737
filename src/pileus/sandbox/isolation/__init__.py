"""What separates an environment from the machine; loaded without the rest of Pileus in zygotes."""
