"""What account.json ought to hold, written a second time and as simply as can be."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Model:
    names: tuple[tuple[str, str], ...] = ()
    """Id and name of each account, in order."""
    active: str | None = None

    def after(self, op: str, wanted: str, name: str) -> "Model":
        match op:
            case "add":
                return Model((*self.names, (wanted, name)), self.active or wanted)
            case "rename":
                named = [(each, name if each == wanted else old) for each, old in self.names]
                return replace(self, names=tuple(named))
            case "activate":
                return replace(self, active=wanted)
            case "remove":
                left = tuple(pair for pair in self.names if pair[0] != wanted)
                first = left[0][0] if left else None
                return Model(left, first if self.active == wanted else self.active)
        return self  # nothing that shows


def on_disk(path: Path) -> Model:
    """Reads it with nothing of the program; raises where it cannot be read or makes no sense."""
    entries: list[dict[str, Any]] = json.loads(path.read_bytes()) if path.exists() else []
    active = [entry["id"] for entry in entries if entry.get("is_active")]
    assert len(active) == min(len(entries), 1), "exactly one is active"
    return Model(tuple((entry["id"], entry["name"]) for entry in entries), next(iter(active), None))
