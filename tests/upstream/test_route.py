"""Where requests go, told from addresses as people write them."""

import pytest

from amq2api.errors import UpstreamBroken
from amq2api.upstream.failures import ProxyFailed
from amq2api.upstream.route import Place, route

PLACES: dict[str, tuple[Place, str]] = {
    "http://service.example": (Place("service.example", 80, False), "service.example"),
    "https://service.example": (Place("service.example", 443, True), "service.example"),
    "https://service.example:443": (Place("service.example", 443, True), "service.example"),
    "http://Service.Example:443": (Place("service.example", 443, False), "service.example:443"),
    "https://[::1]": (Place("::1", 443, True), "[::1]"),
    "http://[::1]:3015": (Place("::1", 3015, False), "[::1]:3015"),
    "https://m\u00fcller.example": (
        Place("xn--mller-kva.example", 443, True), "xn--mller-kva.example"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("origin", "expected"), PLACES.items(), ids=PLACES)
def test_an_origin_is_a_place_and_a_host_line(origin: str, expected: tuple[Place, str]) -> None:
    way = route(origin, None)
    assert (way.place, way.lines) == (expected[0], f"host: {expected[1]}\r\n")
    assert way.proxy is None and not way.forwarded


NONE = [
    "", "service.example", "//service.example", "ftp://service.example", "http://", "http://:80",
    "http://a b", "http://a\tb", "http://a\x7f", "http://a:b", "http://a:65536", "http://[a",
    "http://a/path", "http://a?query", "http://a#there", "http://\u00fc" + "a" * 70 + ".example",
]  # fmt: skip


@pytest.mark.parametrize("origin", NONE)
def test_what_is_no_origin_leads_nowhere(origin: str) -> None:
    with pytest.raises(UpstreamBroken, match="no URL"):
        route(origin, None)


@pytest.mark.parametrize("proxy", [*NONE[3:12], "socks5://proxy.example"])
def test_what_is_no_proxy_leads_nowhere(proxy: str) -> None:
    with pytest.raises(ProxyFailed, match="no URL"):
        route("https://service.example", proxy)


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "proxy.example:3128"])
def test_a_proxy_forwards_http_and_passes_tls_on(proxy: str) -> None:
    for origin, forwarded in (("http://a.example", True), ("https://a.example", False)):
        way = route(origin, proxy)
        assert way.proxy == Place("proxy.example", 3128, False)
        assert way.forwarded is forwarded and way.prefix == ("http://a.example" * forwarded)


def test_credentials_are_told_to_whom_they_are_for_and_to_no_log() -> None:
    for origin in ("http://me:secret@a.example", "https://me:secret@a.example"):
        way = route(origin, "http://them:secret@proxy.example")
        forwarded = origin.startswith("http:")
        assert "authorization: Basic bWU6c2VjcmV0\r\n" in way.lines
        assert ("proxy-authorization" in way.lines) is forwarded
        assert ("proxy-authorization" in way.proxy_lines) is not forwarded
        assert "secret" not in repr(way) and "Basic" not in repr(way)
