"""A client for ASGI apps without sockets, and a world whose clock only moves when it is slept."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from amq2api.dialects.amazonq import GENERATE
from amq2api.sim.app import create_app
from amq2api.sim.asgi import ASGIApp, Message
from amq2api.sim.identity import Account
from amq2api.sim.world import World
from amq2api.wire.eventstream import Decoder, Frame

JSON_1_0 = "application/x-amz-json-1.0"


@dataclass
class Answer:
    """What came back, piece by piece."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] = field(default_factory=list)
    complete: bool = False
    """Whether the body came to its end; if not, the connection broke."""

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def json(self) -> Any:
        return json.loads(self.body)

    def frames(self) -> list[Frame]:
        decoder = Decoder()
        frames = decoder.feed(self.body)
        decoder.finish()
        return frames

    def events(self) -> list[tuple[str, Any]]:
        """(event type, payload) of each frame."""
        return [(str(f.headers.get(":event-type")), json.loads(f.payload)) for f in self.frames()]


async def exchange(
    app: ASGIApp,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    leave_after: int | None = None,
) -> Answer:
    """One request. The client leaves after *leave_after* pieces, if it is told to."""
    path, _, query = target.partition("?")
    answer, gone = Answer(), asyncio.Event()
    if leave_after == 0:
        gone.set()
    asked = [body[: len(body) // 2], body[len(body) // 2 :]]

    async def receive() -> Message:
        if asked:
            return {"type": "http.request", "body": asked.pop(0), "more_body": bool(asked)}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {n.decode(): v.decode() for n, v in message["headers"]}
            return
        answer.pieces.append(message["body"])
        answer.complete = not message["more_body"]
        if leave_after is not None and len(answer.pieces) >= leave_after:
            gone.set()

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "scheme": "http",
        "headers": [
            (n.encode(), v.encode()) for n, v in {"host": "sim", **(headers or {})}.items()
        ],
    }
    await app(scope, receive, send)
    return answer


class Bench:
    """A world, an account in it that may ask, and ways to ask."""

    def __init__(self) -> None:
        self.now, self.slept = 1_750_000_000.0, list[float]()
        self.world = World(clock=lambda: self.now, sleep=self._sleep)
        self.app = create_app(self.world)
        self.account: Account = self.world.add_account("alice", "builder-id")
        self.token = self.world.access_token(self.account)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def send(self, method: str, target: str, **options: Any) -> Answer:
        return asyncio.run(exchange(self.app, method, target, **options))

    def generate(
        self, request: object, *, rest: bool = False, headers: Mapping[str, str] | None = None
    ) -> Answer:
        known = {"authorization": f"Bearer {self.token}", **(headers or {})}
        body = json.dumps(request).encode()
        if rest:
            known = {"content-type": "application/json", **known}
            return self.send("POST", "/generateAssistantResponse", headers=known, body=body)
        known = {"content-type": JSON_1_0, "x-amz-target": GENERATE, **known}
        return self.send("POST", "/", headers=known, body=body)

    def operation(self, name: str, members: dict[str, Any], *, query: str = "") -> Answer:
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": JSON_1_0,
            "x-amz-target": f"AmazonCodeWhispererService.{name}",
        }
        return self.send("POST", "/" + query, headers=headers, body=json.dumps(members).encode())

    def sign_in(self, path: str, **members: Any) -> Answer:
        headers = {"content-type": "application/json"}
        return self.send("POST", path, headers=headers, body=json.dumps(members).encode())

    def control(self, **orders: Any) -> Any:
        answer = self.send("POST", "/__sim", body=json.dumps(orders).encode())
        assert answer.status == 200, answer.body
        return answer.json()
