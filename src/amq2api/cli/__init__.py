"""The command line: the one place that builds things."""

from .app import app


def main() -> None:
    """What the ``amq2api`` command runs."""
    app()
