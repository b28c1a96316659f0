"""`python -m app.cli`: the same as `minqing`."""

from app.cli import main

main()
