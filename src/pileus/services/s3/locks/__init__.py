"""Object lock: versions that nobody may remove for a while."""
