"""``python -m amq2api``."""

from amq2api.cli import main

main()
