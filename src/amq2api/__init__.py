"""Amazon Q Developer seats behind the Claude Messages API."""

__version__ = "0.1.0"
