"""``POST /v1/messages/count_tokens``: an estimate, without asking anyone."""

import msgspec

from amq2api.bridge import tokens
from amq2api.dialects import messages as m

from .asgi import Answer, Receive, Scope, header, listed, read_body


class CountTokens:
    """The endpoint. Estimates the same way as the usage of a call (claude-api.md C-154)."""

    def __init__(self, *, max_body: int) -> None:
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Answer one call; raises GatewayError before anything was sent."""
        body = await read_body(scope, receive, self._max_body)
        version = header(scope, b"anthropic-version") or ""
        betas = listed(scope, b"anthropic-beta")
        call = m.decode(body, counting=True, betas=betas, version=version)
        headers = {"content-type": "application/json", "request-id": answer.request_id}
        counted = msgspec.json.encode({"input_tokens": tokens.estimate(call)})
        await answer.whole(200, headers, counted)
