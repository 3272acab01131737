"""What an environment's private network leads to: names, the outside, the X-Ray daemon's place."""
