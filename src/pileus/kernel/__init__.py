"""What services stand on; knows no service."""
