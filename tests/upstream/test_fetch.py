"""Fetching over real sockets, with 127.0.0.1 as the public internet and 127.0.0.2 as the private
network that nothing may lead to. How addresses are judged is in tests/wire/test_addresses.py.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from amq2api.upstream.failures import NotFetched
from amq2api.upstream.fetch import Fetch, public_web
from amq2api.upstream.names import Names
from upstream.servers import Authority

Turn = Callable[[asyncio.StreamWriter], Awaitable[None]]
MOST = 100_000


def dripping(head: bytes, drop: bytes) -> Turn:
    parts: list[bytes | float] = [head]
    for _ in range(90):
        parts += [drop, 0.1]
    return says(*parts)


def says(*parts: bytes | float) -> Turn:
    """These bytes, with pauses of so many seconds."""

    async def turn(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            if isinstance(part, float):
                await asyncio.sleep(part)
            else:
                writer.write(part)
                await writer.drain()

    return turn


def ok(body: bytes, *headers: str) -> Turn:
    lines = "".join(f"{line}\r\n" for line in (f"Content-Length: {len(body)}", *headers))
    return says(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body)


def moved(location: str, status: int = 302, *headers: str) -> Turn:
    lines = "".join(f"{line}\r\n" for line in (f"Location: {location}", *headers))
    return says(f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\n{lines}\r\n".encode())


def endless(piece: bytes) -> Turn:
    async def turn(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()

    return turn


@dataclass
class Net:
    """A public server, a private one, and the names that lead to them."""

    port: int
    private_port: int
    pages: dict[str, Turn]
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    """Answers to a name's lookups, one after the other; the last one stays."""
    looked_up: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    """Heads of requests to the public server."""
    trespasses: int = 0
    """Connections to the private one."""

    def fetch(self, limit: float = 5.0) -> Fetch:
        return Fetch(user_agent="amq2api/9", limit=limit, admits=self.admits, resolve=self.resolve)

    def admits(self, address: str, port: int) -> bool:
        return address == "127.0.0.1" and port == self.port

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.looked_up.append(host)
        if host not in self.names:
            raise socket.gaierror("no such name")
        answers = self.names[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def url(self, text: str) -> str:
        return text.replace("PRIVATE", f"127.0.0.2:{self.private_port}").replace(
            "PORT", str(self.port)
        )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heard.append(head)
            await self.pages[head.split(" ")[1]](writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def trespass(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.trespasses += 1
        writer.close()


@asynccontextmanager
async def net(pages: dict[str, Turn], tls: ssl.SSLContext | None = None) -> AsyncIterator[Net]:
    made = Net(0, 0, {})
    public = await asyncio.start_server(made.answer, "127.0.0.1", 0, ssl=tls)
    private = await asyncio.start_server(made.trespass, "127.0.0.2", 0)
    made.port = public.sockets[0].getsockname()[1]
    made.private_port = private.sockets[0].getsockname()[1]
    made.pages = pages
    made.names = {
        "pictures.example": [["127.0.0.1"]],
        "other.example": [["127.0.0.1"]],
        "private.example": [["127.0.0.2"]],
        "mixed.example": [["127.0.0.1", "127.0.0.2"]],
        "mixed-six.example": [["127.0.0.1", "::1"]],
        "empty.example": [[]],
        "rebinding.example": [["127.0.0.1"], ["127.0.0.2"]],
    }
    try:
        yield made
    finally:
        for server in (public, private):
            server.close()
            await server.wait_closed()


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(50)
PAGES: dict[str, Turn] = {
    "/picture": ok(PICTURE),
    "/picture?size=large&sig=a%2Fb": ok(b"large"),
    "/chunked": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0.05,
                     b"3\r\ndef\r\n0\r\n\r\n"),
    "/until-closed": says(b"HTTP/1.0 200 OK\r\n\r\nto the end"),
    "/largest": ok(bytes(MOST)),
    "/nothing": ok(b""),
    "/identity": ok(b"plain", "Content-Encoding: identity"),
    "/moved": moved("/picture", 301),
    "/moved-relative": moved("picture"),
    "/moved-elsewhere": moved("http://other.example:PORT/picture", 307),
    "/one": moved("/two", 303),
    "/two": moved("/three", 308),
    "/three": moved("/picture"),
}  # fmt: skip
FETCHED: dict[str, tuple[str, bytes]] = {
    "a picture": ("http://pictures.example:PORT/picture", PICTURE),
    "a signed one": ("http://pictures.example:PORT/picture?size=large&sig=a%2Fb", b"large"),
    "by address": ("http://127.0.0.1:PORT/picture", PICTURE),
    "in capitals": ("HTTP://Pictures.Example:PORT/picture", PICTURE),
    "without the fragment": ("http://pictures.example:PORT/picture#top", PICTURE),
    "in chunks": ("http://pictures.example:PORT/chunked", b"abcdef"),
    "until it is closed": ("http://pictures.example:PORT/until-closed", b"to the end"),
    "as much as may be": ("http://pictures.example:PORT/largest", bytes(MOST)),
    "nothing": ("http://pictures.example:PORT/nothing", b""),
    "not packed, and says so": ("http://pictures.example:PORT/identity", b"plain"),
    "moved": ("http://pictures.example:PORT/moved", PICTURE),
    "moved, relatively": ("http://pictures.example:PORT/moved-relative", PICTURE),
    "moved elsewhere": ("http://pictures.example:PORT/moved-elsewhere", PICTURE),
    "moved three times": ("http://pictures.example:PORT/one", PICTURE),
}


def _at(pages: dict[str, Turn], port: int) -> dict[str, Turn]:
    """Redirects name the port, which is known only now."""
    return pages | {"/moved-elsewhere": moved(f"http://other.example:{port}/picture", 307)}


@pytest.mark.parametrize(("url", "body"), FETCHED.values(), ids=FETCHED)
def test_what_is_fetched(url: str, body: bytes) -> None:
    async def story() -> None:
        async with net({}) as world:
            world.pages = _at(PAGES, world.port)
            assert await world.fetch()(world.url(url), MOST) == body
            assert world.trespasses == 0

    asyncio.run(story())


NO_URL, SCHEME, HOST = "it is no URL", "only http and https URLs", "its host is not a public one"
PLACE, USER = "only web servers with public addresses", "a URL with credentials"
NEVER_ASKED: dict[str, tuple[str, str]] = {
    "nothing": ("", SCHEME),
    "a path": ("/etc/passwd", SCHEME),
    "a file": ("file:///etc/passwd", SCHEME),
    "a file of a host": ("file://pictures.example/etc/passwd", SCHEME),
    "FTP": ("ftp://pictures.example/x", SCHEME),
    "gopher": ("gopher://pictures.example:PORT/_GET", SCHEME),
    "data": ("data:image/png;base64,AAAA", SCHEME),
    "a script": ("javascript:alert(1)", SCHEME),
    "no scheme": ("//pictures.example/x", SCHEME),
    "no host": ("http:///x", HOST),
    "a user": ("http://me@pictures.example:PORT/picture", USER),
    "a password": ("http://me:hush@pictures.example:PORT/picture", USER),
    "a host as user": ("http://pictures.example@PRIVATE/", USER),
    "an empty user": ("http://:@pictures.example/", USER),
    "a backslash": ("http://pictures.example\\@PRIVATE/", NO_URL),
    "a line break": ("http://pictures.example:PORT/x\r\nHost: y", NO_URL),
    "a tab": ("http://pictures.example:PORT/\tx", NO_URL),
    "a space": ("http://pictures.example:PORT/ x", NO_URL),
    "a zero byte": ("http://pictures.example\0/", NO_URL),
    "too long": ("http://pictures.example:PORT/" + "x" * 9000, NO_URL),
    "a port that is none": ("http://pictures.example:99999/", NO_URL),
    "two ports": ("http://pictures.example:80:PORT/", NO_URL),
    "an open bracket": ("http://[::1/", NO_URL),
    "half of a character": ("http://pictures.example/\ud800", NO_URL),
    "another port": ("http://127.0.0.1:22/", PLACE),
    "port 0": ("http://pictures.example:0/", PLACE),
    "the private network": ("http://PRIVATE/", PLACE),
    "the default port, where it is not ours": ("http://127.0.0.1/", PLACE),
    "all addresses": ("http://0.0.0.0:PORT/", PLACE),
    "metadata": ("http://169.254.169.254/latest/meta-data/", PLACE),
    "metadata, IPv6": ("http://[fd00:ec2::254]/latest/", PLACE),
    "loopback, IPv6": ("http://[::1]:PORT/", PLACE),
    "loopback in IPv6": ("http://[::ffff:127.0.0.1]:PORT/", PLACE),
    "NAT64": ("http://[64:ff9b::7f00:1]:PORT/", PLACE),
    "a zone": ("http://[fe80::1%25eth0]/", PLACE),
    "short": ("http://127.1:PORT/", HOST),
    "one number": ("http://2130706433:PORT/", HOST),
    "octal": ("http://0177.0.0.1:PORT/", HOST),
    "hexadecimal": ("http://0x7f000001:PORT/", HOST),
    "escapes": ("http://%31%32%37.0.0.1:PORT/", HOST),
    "this machine": ("http://localhost:PORT/", HOST),
    "this machine in full": ("http://localhost.:PORT/", HOST),
    "this machine, by another name": ("http://a.localhost:PORT/", HOST),
    "metadata by name": ("http://metadata.google.internal/", HOST),
    "a name of this network": ("http://intranet/", HOST),
    "a private name": ("http://private.example:PORT/", PLACE),
    "a name that is both": ("http://mixed.example:PORT/picture", PLACE),
    "a name that is both, IPv6": ("http://mixed-six.example:PORT/picture", PLACE),
    "a name without an address": ("http://empty.example:PORT/", PLACE),
    "a name that is unknown": ("http://unknown.example:PORT/", "gaierror"),
}


@pytest.mark.parametrize(("url", "reason"), NEVER_ASKED.values(), ids=NEVER_ASKED)
def test_what_is_never_asked_for(url: str, reason: str) -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            with pytest.raises(NotFetched, match=reason) as refusal:
                await world.fetch()(world.url(url), MOST)
            assert (world.heard, world.trespasses) == ([], 0)
            assert "Unable to download the file." in str(refusal.value)

    asyncio.run(story())


def test_digits_of_other_scripts_are_the_digits_they_mean() -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            assert await world.fetch()(f"http://①②⑦.⓪.⓪.①:{world.port}/picture", MOST) == PICTURE
            with pytest.raises(NotFetched, match=PLACE):
                await world.fetch()(f"http://①②⑦.⓪.⓪.②:{world.private_port}/", MOST)
            assert world.trespasses == 0

    asyncio.run(story())


LEADS: dict[str, tuple[str, str]] = {
    "to the private network": ("http://PRIVATE/", PLACE),
    "to the private network without a scheme": ("//PRIVATE/", PLACE),
    "to metadata": ("http://169.254.169.254/latest/meta-data/iam/", PLACE),
    "to this machine": ("http://localhost:PORT/picture", HOST),
    "to a private name": ("http://private.example:PORT/", PLACE),
    "to a name that is both": ("http://mixed.example:PORT/picture", PLACE),
    "to another port": ("http://pictures.example:22/", PLACE),
    "to a file": ("file:///etc/passwd", SCHEME),
    "with credentials": ("http://me:hush@pictures.example:PORT/picture", USER),
    "to octal": ("http://0177.0.0.1:PORT/", HOST),
    "to nothing": ("", "too often"),
    "to itself": ("/start", "too often"),
    "to what is no URL": ("http://[::1", "what is no URL"),
    "to a port that is none": ("http://pictures.example:99999/", "what is no URL"),
}


@pytest.mark.parametrize(("location", "reason"), LEADS.values(), ids=LEADS)
def test_where_a_redirect_does_not_lead(location: str, reason: str) -> None:
    async def story() -> None:
        async with net(dict(PAGES)) as world:
            world.pages["/start"] = moved(world.url(location))
            with pytest.raises(NotFetched, match=reason):
                await world.fetch()(f"http://pictures.example:{world.port}/start", MOST)
            assert world.trespasses == 0
            assert all(" /start " in head for head in world.heard)

    asyncio.run(story())


def test_a_fourth_redirect_is_one_too_many() -> None:
    async def story() -> None:
        pages = {f"/{n}": moved(f"/{n + 1}") for n in range(9)}
        async with net(pages) as world:
            with pytest.raises(NotFetched, match="redirects too often"):
                await world.fetch()(f"http://127.0.0.1:{world.port}/0", MOST)
            assert len(world.heard) == 4

    asyncio.run(story())


def test_a_name_is_looked_up_once_and_what_was_judged_is_what_is_asked() -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            url = f"http://rebinding.example:{world.port}/picture"
            assert await world.fetch()(url, MOST) == PICTURE
            assert world.looked_up == ["rebinding.example"]
            # The next time it leads to the private network.
            with pytest.raises(NotFetched, match=PLACE):
                await world.fetch()(url, MOST)
            assert (len(world.heard), world.trespasses) == (1, 0)

    asyncio.run(story())


def test_a_name_may_not_turn_private_between_redirects() -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            world.names["rebinding.example"] = [["127.0.0.1"], ["127.0.0.2"]]
            with pytest.raises(NotFetched, match=PLACE):
                await world.fetch()(f"http://rebinding.example:{world.port}/moved", MOST)
            assert (len(world.heard), world.trespasses) == (1, 0)

    asyncio.run(story())


FAILING: dict[str, tuple[Turn, str]] = {
    "not found": (says(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), "status 404"),
    "not modified": (says(b"HTTP/1.1 304 No\r\n\r\n"), "status 304"),
    "a part": (says(b"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx"), "status 206"),
    "too large, as it says": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 100001\r\n\r\n", 9.0),
                              "more than 100000 bytes"),
    "too large, and not saying so": (endless(b"x" * 5000), "more than 100000 bytes"),
    "a larger number than there is": (
        says(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n", 9.0), "Unable",
    ),
    "packed": (ok(b"\x1f\x8b" + bytes(20), "Content-Encoding: gzip"), "packed, unasked"),
    "packed twice": (ok(b"x", "Content-Encoding: gzip, br"), "packed, unasked"),
    "cut": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), "ClientPayloadError"),
    "no HTTP": (says(b"220 mail.example ESMTP\r\n"), "Unable"),
    "nothing": (says(), "ServerDisconnectedError"),
    "never anything": (says(9.0), "took too long"),
    "drop by drop": (dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"), "took too long"),
    "an endless head": (dripping(b"HTTP/1.1 200 OK\r\n", b"X-Y: z\r\n"),
                        "took too long"),
    "a huge head": (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "Unable"),
    "endless interim answers": (dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
                                "took too long"),
}  # fmt: skip


@pytest.mark.parametrize(("turn", "reason"), FAILING.values(), ids=FAILING)
def test_answers_that_are_no_file(turn: Turn, reason: str) -> None:
    async def story() -> None:
        async with net({"/secret-path": turn}) as world:
            with pytest.raises(NotFetched, match=reason) as refusal:
                await world.fetch(limit=0.7)(
                    f"http://pictures.example:{world.port}/secret-path", MOST
                )
            assert "secret-path" not in str(refusal.value)

    asyncio.run(asyncio.wait_for(story(), 5))


def test_a_server_that_is_not_there() -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            gone = socket.create_server(("127.0.0.1", 0))
            world.port = gone.getsockname()[1]
            gone.close()
            with pytest.raises(NotFetched, match="ClientConnectorError"):
                await world.fetch()(f"http://pictures.example:{world.port}/", MOST)

    asyncio.run(story())


def test_nothing_of_ours_is_sent_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login me password hush\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

    async def story() -> None:
        pages = {**PAGES, "/first": moved("/picture", 302, "Set-Cookie: seen=1; Path=/")}
        async with net(pages) as world:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.2:{world.private_port}")
            fetch = world.fetch()
            for _ in range(2):
                await fetch(f"http://pictures.example:{world.port}/first", MOST)
            assert world.trespasses == 0
            heads = [head.split("\r\n", 1) for head in world.heard]
        assert [line for line, _ in heads] == [
            "GET /first HTTP/1.1", "GET /picture HTTP/1.1",
        ] * 2  # fmt: skip
        for _, fields in heads:
            names = dict(line.split(": ", 1) for line in fields.strip().split("\r\n"))
            assert names.pop("Host") == f"pictures.example:{world.port}"
            assert {name.lower(): value for name, value in names.items()} == {
                "user-agent": "amq2api/9", "accept": "image/*, application/pdf",
                "accept-encoding": "identity", "connection": "close",
            }  # fmt: skip

    asyncio.run(story())


def test_tls_is_with_the_name_and_has_to_be_trusted(tmp_path: Path) -> None:
    serving = Authority(tmp_path).serving(name="pictures.example")
    asked: list[str] = []
    serving.sni_callback = lambda _, name, __: asked.append(name)

    async def story() -> None:
        async with net(PAGES, serving) as world:
            with pytest.raises(NotFetched, match="Certificate"):
                await world.fetch()(f"https://pictures.example:{world.port}/picture", MOST)
            assert world.heard == []

    asyncio.run(story())
    assert asked == ["pictures.example"]


def test_from_https_no_redirect_leads_to_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    serving = authority.serving(name="pictures.example")
    trusting = ssl.create_default_context(cafile=str(authority.path))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)

    async def story() -> None:
        async with net(dict(PAGES), serving) as world:
            start = f"https://pictures.example:{world.port}"
            assert await world.fetch()(f"{start}/picture", MOST) == PICTURE
            world.pages["/down"] = moved(f"http://pictures.example:{world.port}/picture")
            with pytest.raises(NotFetched, match="from https to http"):
                await world.fetch()(f"{start}/down", MOST)
            # A certificate for one name is none for another.
            with pytest.raises(NotFetched, match="Certificate"):
                await world.fetch()(f"https://other.example:{world.port}/picture", MOST)

    asyncio.run(story())


def test_no_more_than_eight_at_a_time() -> None:
    async def story() -> None:
        now, most = 0, 0

        async def turn(writer: asyncio.StreamWriter) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.05)
            now -= 1
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        async with net({"/": turn}) as world:
            fetch, url = world.fetch(), f"http://127.0.0.1:{world.port}/"
            await asyncio.gather(*(fetch(url, MOST) for _ in range(20)))
        assert most == 8

    asyncio.run(story())


def test_the_public_web_is_two_ports_of_public_addresses() -> None:
    assert public_web("8.8.8.8", 80) and public_web("2606:4700:4700::1111", 443)
    for port in (0, 21, 22, 25, 81, 6379, 8080, 3015):
        assert not public_web("8.8.8.8", port)
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "nonsense"):
        assert not public_web(address, 443)


def test_without_leave_no_connection_to_this_machine_is_made() -> None:
    async def story() -> None:
        async with net(PAGES) as world:
            with pytest.raises(NotFetched, match=PLACE):
                await Fetch(user_agent="x")(f"http://127.0.0.1:{world.port}/picture", MOST)
            assert world.heard == []

    asyncio.run(story())


def test_the_system_knows_names() -> None:
    async def story() -> None:
        found = await Names()("localhost", 80)
        assert set(found) <= {"127.0.0.1", "::1"} and found
        with pytest.raises(OSError):  # noqa: PT011  (whatever the system says of it)
            await Names()("no-such-name.invalid", 80)

    asyncio.run(story())
