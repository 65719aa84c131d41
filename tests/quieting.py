"""A story of everything, in a process of its own, for test_quiet.py to read what was logged.

Called as ``quieting.py DIRECTORY FORM``. All that is a secret or content of a call has
:data:`MARK` in it, or is listed in DIRECTORY/secrets when the story is over. What is logged goes
to standard error, what clients of ``/metrics``, ``/health`` and ``/readyz`` hear to standard
output, and so does every object of the program that shows a secret. After :data:`LEAKS` on
standard error come leaks that were put in.
"""

import base64
import gc
import http.client
import json
import sys
import time
from collections.abc import Iterator
from http.cookies import SimpleCookie
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from argon2 import PasswordHasher

from admin.desk import Answer, Desk, at_desk
from amq2api import log
from amq2api.accounts.secret import plain
from amq2api.admin import passwords
from amq2api.sim.scenarios import summaries
from e2e.answers import Json

MARK = "xyzzy"
LEAKS = "=== leaks that were put in"
KEY = f"sk-{MARK}-0123456789abcdef"
PASSWORD = f"a {MARK} password"
SEAL = f"a {MARK} key for what is kept"
_NUMBER = count()  # so that no two calls are of one conversation, which could go in circles
_SLOW = ("slow", "stall", "tool-stall", "long")
_PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + MARK.encode() * 20).decode()


def _encoded(kind: str, media_type: str, data: str) -> Json:
    return {"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}


def call(model: str = "claude-sonnet-4.5", **members: Any) -> Json:
    """A call in which nothing but the model may be told."""
    return {
        "model": model, "max_tokens": 512,
        "system": f"you are {MARK}",
        "messages": [
            {"role": "user", "content": f"first {MARK}"},
            {"role": "assistant", "content": [
                {"type": "text", "text": f"an answer {MARK}"},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": MARK}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": f"found {MARK}"},
                {"type": "text", "text": f"and then {MARK}"}]},
        ],
        "tools": [{"name": "look", "description": f"looks {MARK}", "input_schema": {
            "type": "object", "properties": {"at": {"type": "string", "description": MARK}}}}],
        "metadata": {"user_id": f"user {MARK} {next(_NUMBER)}"},
        f"unheard_{MARK}": MARK,
        **members,
    }  # fmt: skip


BAD: tuple[object, ...] = (
    b'{"model": "x", "messages": [{"role": "user", "content": "' + MARK.encode(),
    b"[" * 100_000 + MARK.encode(),
    {"model": 5, "messages": MARK},
    call(messages=[{"role": MARK, "content": MARK}]),
    call(messages=[{"role": "user", "content": [{"type": MARK, MARK: MARK}]}]),
    call(messages=[{"role": "user", "content": [_encoded("image", "image/png", MARK)]}]),
    call(messages=[{"role": "user", "content": [_encoded("document", "application/pdf", _PNG)]}]),
    call(max_tokens=MARK),
    call(tools=[{"name": MARK, "input_schema": {"type": MARK}}]),
    call(tool_choice={"type": MARK}),
    call(thinking={"type": MARK}),
)  # fmt: skip


class Story:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cookies: SimpleCookie = SimpleCookie()
        self.secrets: set[str] = set()
        desk.house.relay.sleep = _no_time

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        address = urlsplit(self.desk.house.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if raw is not None else {}
        if path.startswith("/v1") or path == "/metrics":
            sent["x-api-key"] = KEY
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={one.value}" for name, one in self.cookies.items())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    self.cookies.load(value)
            self.secrets |= {one.value for one in self.cookies.values() if one.value}
            return Answer(response.status, {}, response.read())
        except (http.client.HTTPException, ConnectionError):
            return Answer(0, {}, b"")  # a stream that was cut
        finally:
            connection.close()

    def calls(self) -> None:
        """Whatever the service can answer, to a stream and to a whole answer."""
        house = self.desk.house
        for scenario in summaries():
            if not scenario.startswith(_SLOW):
                for stream in (True, False):
                    house.forget()
                    house.world.scenario = scenario
                    self.ask("POST", "/v1/messages", call(stream=stream), amq2api_explain="1")
        house.forget()
        image = _encoded("image", "image/png", _PNG)
        self.ask("POST", "/v1/messages", call(messages=[{"role": "user", "content": [image]}]))
        self.ask("POST", "/v1/messages/count_tokens", call())

    def mistakes(self) -> None:
        for body in BAD:
            self.ask("POST", "/v1/messages", body)
            self.ask("POST", "/v1/messages/count_tokens", body)
            self.ask("POST", "/api/translation", body)
        self.ask("POST", "/v1/messages", b"x" * 2_000_000)
        self.ask("POST", "/v1/messages", call(), x_api_key=f"wrong-{MARK}")
        self.ask("GET", "/v1/models", None, x_api_key="", authorization=f"Bearer wrong-{MARK}")
        self.ask("GET", f"/v1/models?key={MARK}", None, anthropic_beta=MARK, user_agent=MARK)
        self.ask("POST", "/v1/messages", call(), anthropic_version=MARK, content_encoding=MARK)
        self.ask("POST", "/v1/messages", call(), x_claude_code_session_id=f"session-{MARK}")
        for path in ("/health", "/readyz", "/livez"):
            sys.stdout.write(self.ask("GET", f"{path}?token={MARK}").raw.decode())

    def renewals(self) -> None:
        """Tokens that have run out, and one that nobody renews any more."""
        identities = self.desk.house.world.identities
        for _ in range(2):
            self.collect()
            identities.expire()
            self.must(200, "POST", "/v1/messages", call())
        identities.forget_refresh_tokens()
        identities.expire()
        self.must(503, "POST", "/v1/messages", call())

    def owner(self) -> None:
        """What an operator does, and somebody who would like to be one."""
        wrong = {name: f"{name}-{MARK}" for name in ("refresh_token", "client_id", "client_secret")}
        self.ask("POST", "/api/playground", call(stream=True))
        self.must(200, "PUT", "/api/password", {"password": PASSWORD})
        self.must(401, "POST", "/api/session", {"password": f"not the {MARK} one"})
        self.must(409, "POST", "/api/setup", {"token": f"setup-{MARK}", "password": PASSWORD})
        self.must(200, "POST", "/api/session", {"password": PASSWORD})
        added = self.must(200, "POST", "/api/accounts", {"name": "wrong", **wrong}).data["id"]
        self.must(400, "POST", "/api/accounts", {**wrong, f"odd_{MARK}": 1, "name": 5})
        self.must(400, "POST", "/api/accounts", json.dumps(wrong).encode()[:-3])
        for verb in ("test", "clear", "activate", "test", "clear"):
            self.must(200, "POST", f"/api/accounts/{added}/{verb}")
        self.must(503, "POST", "/v1/messages", call())
        self.must(200, "GET", "/api/accounts")
        passphrase = {"passphrase": f"a bundle's {MARK}"}
        bundle = self.must(200, "POST", "/api/accounts/export", passphrase).data
        self.must(200, "POST", "/api/accounts/import", {**passphrase, **bundle})
        self.must(
            403, "POST", "/api/accounts/import", {"passphrase": f"not {MARK} at all", **bundle}
        )
        self.must(200, "DELETE", f"/api/accounts/{added}")

    def must(self, status: int, method: str, path: str, body: object = None) -> Answer:
        answer = self.ask(method, path, body)
        assert answer.status == status, (path, answer.status, answer.raw[:300])
        return answer

    def sign_in(self) -> None:
        """With a code that somebody confirms at once."""
        view = self.must(200, "POST", "/api/logins", {"kind": "builder-id"}).data
        approved, give_up = False, time.monotonic() + 20
        while view["state"] != "done":
            assert time.monotonic() < give_up, view
            if view["state"] == "waiting" and not approved:
                self.desk.house.world.approve(view["user_code"])
                approved = True
            time.sleep(0.02)
            view = self.must(200, "GET", f"/api/logins/{view['id']}").data

    def unforeseen(self) -> None:
        """Bugs, whose tracebacks have seen what nobody may."""
        relay = self.desk.house.relay

        class Broken:
            async def find(self, *args: object) -> object:
                try:
                    return {"": 0}[f"{MARK} {args}"]
                except KeyError:
                    return int(f"no number {MARK}")

        catalogue, relay.catalogue = relay.catalogue, Broken()  # type: ignore[assignment]
        self.must(500, "POST", "/v1/messages", call(stream=True))
        self.must(500, "POST", "/v1/messages", call())
        relay.catalogue = catalogue

    def collect(self) -> None:
        """Secrets that the service has made up."""
        known = self.desk.house.world.identities
        self.secrets |= {*known.clients, *(one.client_secret for one in known.clients.values())}
        self.secrets |= {one.device_code for one in known.devices.values()}
        self.secrets |= {*known._access, *known._refresh}
        self.secrets |= {one.refresh_token for one in known.accounts.values()}


async def _no_time(_seconds: float) -> None:
    """How pauses are spent."""


def shown(secrets: set[str]) -> Iterator[str]:
    """Objects of the program, the simulator's and the test's apart, that show a secret."""
    for thing in gc.get_objects():
        module = type(thing).__module__ or ""
        if module.startswith("amq2api.") and not module.startswith("amq2api.sim"):
            told = repr(thing)
            if any(secret in told for secret in secrets):
                yield f"{type(thing).__qualname__} shows a secret"


def leak(story: Story) -> None:
    """What the test must find."""
    relay = story.desk.house.relay
    sys.stderr.write(f"{LEAKS}\n")
    relay.records.heard.append(
        lambda record: log.log.info("leak", note=plain(relay.accounts.accounts()[0].client_secret))
    )
    story.ask("POST", "/v1/messages", call())
    log._HARMLESS_WORDS = (Exception,)  # type: ignore[assignment]
    story.unforeseen()


def main(home: Path, form: Any) -> None:
    log.configure("debug", form)
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with at_desk(
        home, api_keys=(KEY,), encryption_key=SEAL, attempts=1, max_body=1_000_000
    ) as desk:
        story = Story(desk)
        story.calls()
        story.mistakes()
        story.owner()
        story.sign_in()
        story.unforeseen()
        story.renewals()
        sys.stdout.write(story.ask("GET", "/metrics").raw.decode())
        story.collect()
        home.joinpath("secrets").write_text("\n".join(story.secrets))
        for words in shown(story.secrets | {KEY, PASSWORD, SEAL}):
            sys.stdout.write(f"{words}\n")
        leak(story)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
