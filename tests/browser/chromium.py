"""Where scripts/install-browser left things."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
AXE = ROOT / ".cache/browser/axe/node_modules/axe-core/axe.min.js"
STRANGER = "rebound.example"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-proxy-server",
    # No name but ours leads anywhere, and one of a stranger leads here, as after DNS rebinding.
    f"--host-resolver-rules=MAP {STRANGER} 127.0.0.1, MAP * ~NOTFOUND,"
    " EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def program() -> str | None:
    """The browser; None if there is none."""
    named = os.environ.get("AMQ2API_CHROMIUM")  # noqa: TID251  (no setting of ours)
    if named:
        return shutil.which(named)
    return next((found for found in map(shutil.which, _NAMES) if found), None)


def missing() -> str:
    """What is not there, in words; empty if all is."""
    if program() is None:
        return "there is no Chromium: run scripts/install-browser"
    if not AXE.exists():
        return "axe is not installed: run scripts/install-browser"
    return ""


def may_skip() -> bool:
    """Whether tests may do without a browser: not where the project is judged."""
    return not os.environ.get("CI")  # noqa: TID251  (no setting of ours)
