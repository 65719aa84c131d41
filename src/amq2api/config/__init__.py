"""What can be set, once, and how it is read, shown and explained."""

from .given import BadSetting, Stranger, load, strangers
from .roads import is_loopback, proxy_for
from .settings import Settings
from .shown import Row, table, values

__all__ = [
    "BadSetting", "Row", "Settings", "Stranger", "is_loopback", "load", "proxy_for", "strangers",
    "table", "values",
]  # fmt: skip
