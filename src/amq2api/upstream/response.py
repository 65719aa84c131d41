"""Answers of a server, taken out of the bytes of its connection. Knows no socket, waits for none.

Framing is llhttp's, by httptools, in its strict mode. On top of it stand bounds, and the refusal
of whatever could be read in two ways.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import httptools

from amq2api.errors import ProtocolError, UpstreamBroken

Stage: TypeAlias = Literal["idle", "head", "body", "complete", "broken"]

_AROUND = 64 * 1024  # bytes of header lines, trailers and the like without any of the body
_NO_BODY = frozenset({204, 304})  # RFC 9112 6.3


class Closed(UpstreamBroken):
    """The service closed the connection instead of answering."""


class Responses:
    """``begin`` when a request is sent, then ``feed`` until ``stage`` is not head or body.

    Unlike other decoders it does not raise: what came before an error counts, and the error is
    in ``failure``.
    """

    __slots__ = (
        "_around", "_bodiless", "_lines", "_parser", "_parts", "_until_close", "failure", "headers",
        "kept", "on_body", "on_header", "stage", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self.stage: Stage = "idle"
        self.status = 0
        """0 until the head is here."""
        self.headers: Mapping[str, str] = {}
        """Names in lower case; of several lines of one name the last."""
        self.kept = True
        """Whether the connection may serve another request after this answer."""
        self.failure: UpstreamBroken | None = None
        self._around = 0
        self._bodiless = False
        self._until_close = False
        # The parser calls these two for each piece and each line: no code of ours runs then.
        self._parts: list[bytes] = []
        self.on_body = self._parts.append
        self._lines: dict[bytes, bytes] = {}
        self.on_header = self._lines.__setitem__
        self._parser = httptools.HttpResponseParser(self)

    def begin(self, *, bodiless: bool = False) -> None:
        """A request is under way; *bodiless* if it was HEAD."""
        self.stage, self.status, self.headers, self.failure = "head", 0, {}, None
        self._around, self._bodiless, self._until_close = 0, bodiless, False
        self._lines.clear()

    def feed(self, data: bytes) -> bytes:
        """What of the body was in *data*."""
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as exc:
            self._refuse(exc)
        parts = self._parts
        if not parts:
            self._count(len(data))
            return b""
        self._around = 0
        if len(parts) == 1:
            return parts.pop()
        body = b"".join(parts)
        parts.clear()
        return body

    def finish(self) -> None:
        """The connection has ended: for some answers that is how they end."""
        if self.stage == "body" and self._until_close:
            self.stage = "complete"
        elif self.stage == "body":
            self.fail(UpstreamBroken("the service's answer was cut"))
        else:
            self.fail(Closed("the service closed the connection"))
        self.kept = False
        del self._parser  # it holds this object, and the collector comes rarely

    def fail(self, failure: UpstreamBroken) -> None:
        """There will be no more of an answer that is not complete."""
        self.kept = False
        if self.stage != "complete" and self.failure is None:
            self.stage, self.failure = "broken", failure

    def rest(self) -> None:
        """Be done with a complete answer: until the next request nothing may come."""
        self.stage, self.headers = "idle", {}
        self._lines.clear()

    @property
    def unheard(self) -> bool:
        """Whether nothing at all has come since the request."""
        return self.status == 0 and self._around == 0

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self.stage != "head":
            raise ProtocolError("there is an answer without a request")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # others will follow (RFC 9110 15.2)
            self._lines.clear()
            return
        self.headers = headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in self._lines.items()
        }
        self._lines.clear()
        coding = headers.get("transfer-encoding")
        if coding is not None and coding.lower() != "chunked":
            raise ProtocolError("the service's answer has an unknown transfer coding")
        self.status = status
        self._until_close = (
            coding is None and "content-length" not in headers and status not in _NO_BODY
        )
        if self._bodiless:
            self.stage, self.kept = "complete", False
        else:
            self.stage = "body"

    def on_message_complete(self) -> None:
        if self.stage == "body":
            self.stage = "complete"
            self.kept = self.kept and self._parser.should_keep_alive()

    def _count(self, size: int) -> None:
        self._around += size
        if self._around > _AROUND:
            self.fail(ProtocolError("the service's answer has no end of header lines"))

    def _refuse(self, exc: Exception) -> None:
        told = exc.__context__
        if isinstance(told, ProtocolError):
            self.fail(told)
        else:
            self.fail(ProtocolError(f"the service's answer is not HTTP ({type(exc).__name__})"))
