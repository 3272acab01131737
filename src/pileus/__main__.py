"""`python -m pileus`: the same as the `pileus` command."""

from pileus.cli import main

main()
