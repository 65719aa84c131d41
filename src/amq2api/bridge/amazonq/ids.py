"""Tool use ids as Claude's clients expect them.

Amazon Q's are ``tooluse_`` and 22 URL-safe characters; clients look for ``toolu_`` followed by
letters and digits (claude-api.md 5.2, C-111). The mapping is a pure function of the id, so a
conversation that is sent back uses one name throughout.
"""

import hashlib

__all__ = ["client_tool_id", "server_tool_id"]

_THEIRS, _OURS, _SERVERS = "tooluse_", "toolu_", "srvtoolu_"


def client_tool_id(upstream_id: str) -> str:
    """``tooluse_Zk3x9`` is ``toolu_Zk3x9``; an id with other characters becomes a digest."""
    rest = upstream_id.removeprefix(_THEIRS).removeprefix(_OURS)
    if upstream_id.startswith((_THEIRS, _OURS)) and rest.isascii() and rest.isalnum():
        return _OURS + rest
    return _OURS + hashlib.sha256(upstream_id.encode("utf-8", "replace")).hexdigest()[:24]


def server_tool_id(upstream_id: str) -> str:
    """The same for a call of a tool that this side runs: ``srvtoolu_Zk3x9``."""
    return _SERVERS + client_tool_id(upstream_id).removeprefix(_OURS)
