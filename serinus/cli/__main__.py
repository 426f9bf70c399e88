"""`python -m serinus.cli`, where the console script is not on the path."""

from serinus.cli import main

main()
