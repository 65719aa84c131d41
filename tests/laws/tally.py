"""How often each law was tried; ``scripts/test --deep`` tells it at the end."""

from collections import Counter

__all__ = ["TRIED", "held"]

TRIED: Counter[str] = Counter()


def held(law: str) -> None:
    """One more example has satisfied *law*."""
    TRIED[law] += 1
