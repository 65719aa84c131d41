"""Who a call is from, as far as it matters for taking turns. Never a key, and nothing to log."""

from .asgi import Scope

KEY = "amq2api.key"
"""Member of a scope: the place of the client's key among the gateway's, if there is a choice."""

# Claude Code's and opencode's (clients.md 1).
_SESSION = frozenset({b"x-claude-code-session-id", b"x-session-id"})
_LONGEST = 64  # they are UUIDs; a stranger's need not fill the memory


def caller(scope: Scope) -> str:
    """A name that the calls of one caller share.

    Where several keys are given out, each is a caller, whatever its owner says of sessions.
    Else it is the session, for programs that name theirs, and else the machine.
    """
    if (place := scope.get(KEY)) is not None:
        return f"key {place}"
    if named := session(scope):
        return f"session {named}"
    client = scope.get("client")
    return f"host {client[0]}" if client else ""


def session(scope: Scope) -> str:
    """The conversation, as far as the client names one."""
    for name, value in scope["headers"]:
        if name in _SESSION and value:
            return str(value[:_LONGEST], "latin-1")
    return ""
