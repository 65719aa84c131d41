"""Houses for the clients, and an environment that keeps them from other servers than ours."""

from collections.abc import Iterator

import pytest
from anthropic import Anthropic

from e2e.houses import House, opened

KEY = "a-key-for-clients"


@pytest.fixture(autouse=True)
def _no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "BASE_URL", "MODEL", "CUSTOM_HEADERS", "PROFILE"):
        monkeypatch.delenv(f"ANTHROPIC_{name}", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def _standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with opened(tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def house(_standing: House) -> Iterator[House]:
    """Open to everyone. Whatever a test asks through it, the service must have liked it."""
    _standing.forget()
    yield _standing
    assert _standing.complaints() == []


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Open to those who show the key."""
    with opened(tmp_path_factory.mktemp("locked"), api_keys=KEY) as house:
        yield house


@pytest.fixture(scope="module")
def brisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Gives signs of life at once."""
    with opened(tmp_path_factory.mktemp("brisk"), grace=0.2, ping_interval=0.2) as house:
        yield house


@pytest.fixture
def client(house: House) -> Iterator[Anthropic]:
    """Today's SDK, which asks once."""
    with Anthropic(base_url=house.url, api_key="anything", max_retries=0, timeout=20) as client:
        yield client
