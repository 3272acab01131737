"""One package per AWS service, all of one shape; none knows another."""
