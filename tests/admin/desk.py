"""An operator's view of a gateway over a real socket: ask, and get status and JSON."""

import http.client
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from amq2api.sim.identity import Account
from e2e.houses import House, opened

PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Answer:
    """*body* is decoded if it is JSON."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        """What a request that worked led to."""
        assert self.status == 200, (self.status, self.raw[:500])
        assert self.body["success"] is True and set(self.body) == {"success", "data"}
        return self.body["data"]

    @property
    def error(self) -> Any:
        """What a request that failed was told."""
        assert self.body["success"] is False and set(self.body) == {"success", "error"}
        error = self.body["error"]
        assert set(error) == {"type", "message", "field", "request_id"}
        assert error["request_id"] == self.headers["request-id"]
        return error


@dataclass(frozen=True)
class Desk:
    """*house* is the gateway with the simulator behind it, *home* where it keeps its files."""

    house: House
    home: Path

    @property
    def file(self) -> Path:
        return self.home / "account.json"

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """*body* is sent as JSON unless it is bytes."""
        address = urlsplit(self.house.url)
        assert address.hostname and address.port
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if raw is not None else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, quote(path, safe="/?&=%"), raw, sent)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()

    def accounts(self) -> list[Any]:
        listed: list[Any] = self.ask("GET", "/api/accounts").data
        return listed

    def add(self, name: str, **fields: Any) -> tuple[str, Account]:
        """A new account of the simulator's, known here by its id."""
        seat = self.house.world.add_account(name)
        added = self.ask("POST", "/api/accounts", {"name": name, **seat.credentials, **fields})
        return added.data["id"], seat

    def entries(self) -> list[dict[str, Any]]:
        """What stands in the file."""
        found: list[dict[str, Any]] = json.loads(self.file.read_bytes())
        return found


@contextmanager
def at_desk(home: Path, **settings: Any) -> Iterator[Desk]:
    with opened(home, admin_file=home / "admin.json", **settings) as house:
        yield Desk(house, home)
