"""Who may be served, by what a browser says of itself: rows of headers, and laws about them."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amq2api.wire.origin import Headers, names, refusal

HOSTS = names(["q.example.com", " Bücher.Example. ", "10.0.0.7"])
LOCAL = "Host: 127.0.0.1:3015"
FOREIGN = "page of another site"
UNKNOWN = "AMQ2API_ALLOWED_HOSTS"
NO_NAME = "not the name of a host"


def headers(*lines: str) -> Headers:
    pairs = [line.split(": ", 1) for line in lines]
    return [(name.lower().encode(), value.encode()) for name, value in pairs]


HOST: dict[str, str | None] = {
    # Host: what the refusal says, or None
    "127.0.0.1:3015": None,
    "127.0.0.1": None,
    "127.8.9.1:80": None,
    "localhost": None,
    "localhost:3015": None,
    "LOCALHOST:3015": None,
    "LocalHost.:3015": None,
    "amq2api.localhost:3015": None,
    "[::1]:3015": None,
    "[::1]": None,
    "[0:0:0:0:0:0:0:1]": None,
    "[::ffff:127.0.0.1]:3015": None,
    "[::FFFF:7f00:1]:3015": None,
    "localhost:": None,
    "q.example.com": None,
    "q.example.com:8443": None,
    "Q.Example.COM.": None,
    "xn--bcher-kva.example": None,
    "10.0.0.7:3015": None,
    "evil.example": UNKNOWN,
    "evil.example:3015": UNKNOWN,
    "sub.q.example.com": UNKNOWN,
    "localhost.evil.example": UNKNOWN,
    "127.0.0.1.evil.example": UNKNOWN,
    "notlocalhost": UNKNOWN,
    "xn--localhost-9za": UNKNOWN,
    "128.0.0.1": UNKNOWN,
    "0.0.0.0:3015": UNKNOWN,
    "192.168.1.9:3015": UNKNOWN,
    "[::]:3015": UNKNOWN,
    "[::2]": UNKNOWN,
    "[::ffff:10.0.0.1]": UNKNOWN,
    "": NO_NAME,
    ".": NO_NAME,
    "localhost..": NO_NAME,
    ".localhost": NO_NAME,
    "a..localhost": NO_NAME,
    "127.1": NO_NAME,
    "2130706433": NO_NAME,
    "0x7f.0.0.1": NO_NAME,
    "0x7f000001": NO_NAME,
    "0177.0.0.1": NO_NAME,
    "127.0.0.01": NO_NAME,
    "127.0.0.256": NO_NAME,
    "127.0.0.1:65536": NO_NAME,
    "127.0.0.1:3015:3015": NO_NAME,
    "127.0.0.1:x": NO_NAME,
    "127.0.0.1 :3015": NO_NAME,
    "user@127.0.0.1": NO_NAME,
    "127.0.0.1:3015@evil.example": NO_NAME,
    "evil.example#127.0.0.1": NO_NAME,
    "127.0.0.1/": NO_NAME,
    "127.0.0.1,evil.example": NO_NAME,
    "::1": NO_NAME,
    "[::1": NO_NAME,
    "[::1%lo]": NO_NAME,
    "[::1%25lo]": NO_NAME,
    "[127.0.0.1]": NO_NAME,
    "[:::1]": NO_NAME,
    "bücher.example": NO_NAME,
    "localhost\x00": NO_NAME,
    "a" * 400: NO_NAME,
}


@pytest.mark.parametrize(("host", "why"), HOST.items(), ids=[name[:30] for name in HOST])
def test_hosts(host: str, why: str | None) -> None:
    said = refusal(headers(f"Host: {host}"), hosts=HOSTS)
    assert (said is None) if why is None else (said is not None and why in said)


@pytest.mark.parametrize("host", [host for host, why in HOST.items() if why != NO_NAME])
def test_where_a_password_is_asked_for_any_name_will_do(host: str) -> None:
    assert refusal(headers(f"Host: {host}"), hosts=HOSTS, any_host=True) is None


@pytest.mark.parametrize("host", [host for host, why in HOST.items() if why == NO_NAME][:30])
def test_but_it_has_to_be_a_name(host: str) -> None:
    said = refusal(headers(f"Host: {host}"), hosts=HOSTS, any_host=True)
    assert said is not None and NO_NAME in said


NAVIGATION = ("Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document")
REQUESTS: dict[str, tuple[tuple[str, ...], dict[str, Any], str | None]] = {
    "a tool of old without a host": ((), {}, None),
    "a program": ((LOCAL, "User-Agent: Bun/1.3", "Accept: */*"), {}, None),
    "its own page": ((LOCAL, "Origin: http://127.0.0.1:3015"), {}, None),
    "its own page, told twice": (
        (LOCAL, "Origin: http://127.0.0.1:3015", "Sec-Fetch-Site: same-origin"), {}, None,
    ),
    "typed by a person": ((LOCAL, "Sec-Fetch-Site: none", *NAVIGATION), {"page": True}, None),
    "its own page under its name": (
        ("Host: q.example.com", "Origin: https://q.example.com"), {}, None,
    ),
    "a scheme's port said": (
        ("Host: q.example.com:443", "Origin: https://q.example.com"), {}, None,
    ),
    "a scheme's port said by the page": (
        ("Host: q.example.com", "Origin: https://q.example.com:443"), {}, None,
    ),
    "plain http, port 80": (("Host: localhost:80", "Origin: http://localhost"), {}, None),
    "on IPv6": (("Host: [::1]:3015", "Origin: http://[::1]:3015"), {}, None),
    "in capitals": (("Host: LOCALHOST:3015", "Origin: http://localhost:3015"), {}, None),
    "another port of this machine": ((LOCAL, "Origin: http://127.0.0.1:8080"), {}, FOREIGN),
    "another name of this machine": ((LOCAL, "Origin: http://localhost:3015"), {}, FOREIGN),
    "https at the port of http": (
        ("Host: q.example.com:80", "Origin: https://q.example.com"), {}, FOREIGN,
    ),
    "another site": ((LOCAL, "Origin: https://evil.example"), {}, FOREIGN),
    "another site that begins alike": (
        (LOCAL, "Origin: http://127.0.0.1:3015.evil.example"), {}, FOREIGN,
    ),
    "a page without an origin": ((LOCAL, "Origin: null"), {}, FOREIGN),
    "an empty origin": ((LOCAL, "Origin: "), {}, FOREIGN),
    "an extension": ((LOCAL, "Origin: chrome-extension://127.0.0.1:3015"), {}, FOREIGN),
    "a file": ((LOCAL, "Origin: file://"), {}, FOREIGN),
    "a file of a desktop program": (
        (LOCAL, "Origin: file://", "Sec-Fetch-Site: cross-site"), {"apps": True}, None,
    ),
    "a panel of an editor": ((LOCAL, "Origin: vscode-webview://0a1b"), {"apps": True}, None),
    "another site, where programs may": (
        (LOCAL, "Origin: HTTPS://evil.example"), {"apps": True}, FOREIGN,
    ),
    "no origin, where programs may": ((LOCAL, "Origin: null"), {"apps": True}, FOREIGN),
    "a program under a name let point here": (
        ("Host: evil.example", "Origin: app://x"), {"apps": True}, UNKNOWN,
    ),
    "no scheme": ((LOCAL, "Origin: 127.0.0.1:3015"), {}, FOREIGN),
    "an origin with a path": ((LOCAL, "Origin: http://127.0.0.1:3015/"), {}, FOREIGN),
    "an origin with a user": ((LOCAL, "Origin: http://u@127.0.0.1:3015"), {}, FOREIGN),
    "a proxy that rewrites the host": ((LOCAL, "Origin: https://q.example.com"), {}, FOREIGN),
    "an image on another site": ((LOCAL, "Sec-Fetch-Site: cross-site"), {}, FOREIGN),
    "another port, told by the browser": ((LOCAL, "Sec-Fetch-Site: same-site"), {}, FOREIGN),
    "a word nobody knows": ((LOCAL, "Sec-Fetch-Site: friendly"), {}, FOREIGN),
    "a link to a page": (
        (LOCAL, "Sec-Fetch-Site: cross-site", *NAVIGATION), {"page": True}, None,
    ),
    "a link to what is no page": (
        (LOCAL, "Sec-Fetch-Site: cross-site", *NAVIGATION), {}, FOREIGN,
    ),
    "a frame": (
        (LOCAL, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"),
        {"page": True}, FOREIGN,
    ),
    "a page fetched as data": (
        (LOCAL, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Sec-Fetch-Dest: empty"),
        {"page": True}, FOREIGN,
    ),
    "a form of another site, to a page": (
        (LOCAL, "Origin: https://evil.example", "Sec-Fetch-Site: cross-site", *NAVIGATION),
        {"page": True}, FOREIGN,
    ),
    "a name let point here": (
        ("Host: evil.example:3015", "Origin: http://evil.example:3015",
         "Sec-Fetch-Site: same-origin"), {}, UNKNOWN,
    ),
    "two hosts": ((LOCAL, "Host: evil.example"), {}, "several host headers"),
    "one host twice": ((LOCAL, LOCAL), {}, "several host headers"),
    "two origins": (
        (LOCAL, "Origin: http://127.0.0.1:3015", "Origin: http://127.0.0.1:3015"), {},
        "several origin headers",
    ),
    "a browser that names no host": (("Origin: http://127.0.0.1:3015",), {}, "no host header"),
    "another site, whatever the host": (
        ("Host: q.test", "Origin: https://evil.example"), {"any_host": True}, FOREIGN,
    ),
    "its own page, whatever the host": (
        ("Host: q.test", "Origin: https://q.test"), {"any_host": True}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "how", "why"), REQUESTS.values(), ids=REQUESTS)
def test_requests(lines: tuple[str, ...], how: dict[str, Any], why: str | None) -> None:
    said = refusal(headers(*lines), **{"hosts": HOSTS, **how})
    assert (said is None) if why is None else (said is not None and why in said)


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,9}(\.[a-z][a-z0-9-]{0,9}){0,3}", fullmatch=True)
PORTS = st.one_of(st.just(""), st.integers(0, 65535).map(":{}".format))
ANY = st.lists(
    st.tuples(
        st.sampled_from([b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"accept"]),
        st.one_of(
            st.binary(max_size=20),
            NAMES.map(str.encode),
            st.sampled_from([b"localhost", b"http://localhost", b"same-origin", b"cross-site"]),
        ),
    ),
    max_size=5,
)


def own(host: str) -> str | None:
    return refusal(headers(f"Host: {host}"), hosts=frozenset())


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), PORTS)
def test_every_loopback_address_is_ours_at_every_port(a: int, b: int, c: int, port: str) -> None:
    assert own(f"127.{a}.{b}.{c}{port}") is None


@given(NAMES, PORTS)
def test_a_name_is_ours_if_and_only_if_it_is_listed(name: str, port: str) -> None:
    loopback = name == "localhost" or name.endswith(".localhost")
    assert (own(name + port) is None) is loopback
    assert refusal(headers(f"Host: {name}{port}"), hosts=names([name])) is None


@given(ANY, st.booleans(), st.booleans())
def test_nothing_a_client_says_is_too_much(
    said: list[tuple[bytes, bytes]], any_host: bool, page: bool
) -> None:
    """It is judged, and what passes has one host at most, of its own if it has an origin."""
    told = refusal(said, hosts=HOSTS, any_host=any_host, page=page)
    hosts = [value for key, value in said if key == b"host"]
    if told is None:
        assert len(hosts) <= 1
        assert hosts or not any(key == b"origin" for key, _ in said)
    else:
        assert told.isprintable() and "\n" not in told


@given(ANY, st.booleans(), st.booleans())
def test_a_page_of_another_site_never_passes(
    said: list[tuple[bytes, bytes]], page: bool, apps: bool
) -> None:
    sent = [*said, (b"origin", b"https://evil.example")]
    assert refusal(sent, hosts=HOSTS, page=page, apps=apps) is not None


@given(ANY)
def test_to_list_a_name_lets_in_more_and_keeps_out_nobody(said: list[tuple[bytes, bytes]]) -> None:
    if refusal(said, hosts=frozenset()) is None:
        assert refusal(said, hosts=HOSTS) is None
    if refusal(said, hosts=HOSTS) is None:
        assert refusal(said, hosts=HOSTS, any_host=True) is None


@given(ANY)
def test_case_does_not_matter_to_a_host(said: list[tuple[bytes, bytes]]) -> None:
    loud = [(key, value.upper() if key == b"host" else value) for key, value in said]
    judged, judged_loud = (refusal(each, hosts=HOSTS) for each in (said, loud))
    assert (judged is None) == (judged_loud is None)


@given(st.text(max_size=30))
@example("a\r.")
@example("a. .")
def test_any_list_of_names_can_be_read(name: str) -> None:
    (read,) = names([name])
    assert names([read]) == {read} or not read.isascii()
