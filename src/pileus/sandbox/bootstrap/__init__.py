"""What runs inside an environment; uses the standard library only and never imports Pileus."""
