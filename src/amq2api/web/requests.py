"""The requests of one client, cut out of its bytes, as far as they keep within limits."""

from typing import NamedTuple, Protocol

import httptools

from amq2api.errors import BadRequest

from .patience import Limits, Reading

_VERSIONS = frozenset({"1.0", "1.1"})
_OVERHEAD = 8  # bytes sent for each byte of a body; chunks of one byte take six
# Names that are one object for all requests, as every client sends them.
_NAMES = {
    spelling: name
    for name in (
        b"accept", b"accept-encoding", b"accept-language", b"anthropic-beta", b"anthropic-version",
        b"authorization", b"connection", b"content-length", b"content-type", b"host", b"origin",
        b"sec-fetch-mode", b"sec-fetch-site", b"transfer-encoding", b"user-agent", b"x-api-key",
        b"x-app", b"x-claude-code-session-id", b"x-stainless-arch", b"x-stainless-lang",
        b"x-stainless-os", b"x-stainless-package-version", b"x-stainless-retry-count",
        b"x-stainless-runtime", b"x-stainless-runtime-version", b"x-stainless-timeout",
    )
    for spelling in (name, name.title())
}  # fmt: skip


class HeadTooLarge(BadRequest):
    """The request line and the headers are more than this gateway takes."""


class Head(NamedTuple):
    """All of a request but its body. Header names are in lower case."""

    method: str
    version: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    keep_alive: bool


class Listener(Protocol):
    """Told of each request: ``request``, its body in any number of ``part``, ``end``."""

    def request(self, head: Head) -> None: ...

    def part(self, body: bytes) -> None: ...

    def end(self) -> None: ...


class Requests:
    """``feed`` it until it raises. No I/O happens here."""

    __slots__ = (
        "_head", "_headers", "_limits", "_listener", "_parser", "_raw", "_url", "begun", "reading",
        "received",
    )  # fmt: skip

    def __init__(self, listener: Listener, limits: Limits) -> None:
        self._listener, self._limits = listener, limits
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head = 0
        """Bytes of the head that the parser has told of, at least."""
        self._raw = 0
        """Bytes of the request so far, around its body and in it."""
        self.begun = 0
        """Requests, the one at hand included."""
        self.reading: Reading = "nothing"
        self.received = 0
        """Bytes of the body so far."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            BadRequest: they are no request, or more of one than is allowed.
        """
        while data and self._parser is not None:
            data = self._fed(self._parser, data)
        if self.reading == "head" and self._raw > self._limits.head:
            raise self._too_large()
        if self._raw > self.received * _OVERHEAD + 2 * self._limits.head:
            raise BadRequest("the request has more around its body than in it")

    def close(self) -> None:
        """Let go of the parser, which holds this object as this one holds it."""
        self._parser = None

    def _fed(self, parser: httptools.HttpRequestParser, data: bytes) -> bytes:
        """Take *data*; return what is to be taken next."""
        self._raw += len(data)
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            return self._without_offer(parser) + data[offer.args[0] :]
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, BadRequest):
                raise error.__context__ from None
            raise
        except httptools.HttpParserError as error:
            raise BadRequest("this is not HTTP/1.1") from error
        return b""

    def _without_offer(self, parser: httptools.HttpRequestParser) -> bytes:
        """The head of a request that offers to go on in another protocol, as if it did not.

        A server may overlook the offer (RFC 9110 7.8); the parser leaves the body unread for it.
        """
        if (method := parser.get_method()) == b"CONNECT":
            raise BadRequest("this is no proxy")
        lines = [b"%b %b HTTP/%b" % (method, self._url, parser.get_http_version().encode())]
        for name, value in self._headers:
            if name == b"connection":
                value = b"keep-alive" if parser.should_keep_alive() else b"close"
            if name != b"upgrade":
                lines.append(b"%b: %b" % (name, value))
        self._parser = httptools.HttpRequestParser(self)
        self.begun -= 1
        return b"\r\n".join(lines) + b"\r\n\r\n"

    # The parser calls these.

    def on_message_begin(self) -> None:
        self.reading = "head"
        self.begun += 1
        self.received = 0
        self._url, self._headers, self._head = b"", [], 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((_NAMES.get(name) or name.lower(), value.rstrip()))
        self._head += len(name) + len(value) + 4
        if self._head > self._limits.head:
            raise self._too_large()

    def on_headers_complete(self) -> None:
        parser, headers = self._parser, self._headers
        if parser is None or parser.should_upgrade():
            return  # see _without_offer
        if len(headers) > self._limits.lines or len(self._url) > self._limits.head:
            raise self._too_large()
        version = parser.get_http_version()
        if version not in _VERSIONS:
            raise BadRequest(f"this is not HTTP/1.1 but HTTP/{version}")
        self.reading = "body"
        # What comes after the body is nobody's business (trailers).
        self._headers, self._head = [], 0
        path, query = _target(self._url)
        keep_alive = version == "1.1" and parser.should_keep_alive()
        method = parser.get_method().decode("ascii")
        self._listener.request(Head(method, version, path, query, headers, keep_alive))

    def on_body(self, body: bytes) -> None:
        self.received += len(body)
        self._listener.part(body)

    def on_message_complete(self) -> None:
        if self.reading == "body":
            self.reading, self._raw = "nothing", 0
            self._listener.end()

    def _too_large(self) -> HeadTooLarge:
        limits = self._limits
        return HeadTooLarge(
            f"the request's head is too large: {limits.head} bytes and {limits.lines} lines"
            " are allowed"
        )


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Path and query; raises BadRequest."""
    path, _, query = url.partition(b"?")
    if not url.isascii():
        raise BadRequest("the address is not ASCII")
    if path[:1] == b"/":
        return path, query
    # Absolute-form, which only proxies are sent, but servers must take (RFC 9112 3.2.2).
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError as error:
        raise BadRequest("the address is none") from error
    return parsed.path or b"/", parsed.query or b""
