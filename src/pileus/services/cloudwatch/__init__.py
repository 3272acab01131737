"""CloudWatch: metrics, their statistics and the arithmetic on them."""
