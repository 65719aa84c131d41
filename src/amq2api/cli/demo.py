"""A gateway that can be tried without AWS: the simulator beside it, and an account of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from amq2api.config import Settings, load
from amq2api.sim.app import create_app
from amq2api.sim.world import World

from .chat import MODEL
from .serving import listen, serving


@asynccontextmanager
async def pretend(settings: Settings) -> AsyncIterator[Settings]:
    """*settings*, but for a pretend Amazon Q that runs beside; nothing of it outlives the block."""
    world = World()
    sock = listen("127.0.0.1", 0)
    service = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    with TemporaryDirectory(prefix="amq2api-demo-") as directory:
        async with serving(create_app(world), sock):
            yield load(
                host=settings.host,
                port=settings.port,
                account_file=_written(directory, world),
                token_cache=Path(directory, "token_cache.json"),
                api_endpoint=service,
                token_endpoint=f"{service}token",
            )


def _written(directory: str, world: World) -> Path:
    path = Path(directory, "account.json")
    path.write_bytes(msgspec.json.encode([world.demo_account()]))
    return path


def words(url: str, *, closed: bool) -> str:
    """How to use the gateway at *url*; *closed* is whether it wants a client key."""
    key = "YOUR-CLIENT-KEY" if closed else "anything"
    return f"""
A gateway is up at {url}, with a pretend Amazon Q behind it. Ctrl-C stops both.

curl
    curl -N {url}/v1/messages -H 'x-api-key: {key}' -H 'content-type: application/json' \\
      -d '{{"model": "{MODEL}", "max_tokens": 1024, "stream": true,
           "messages": [{{"role": "user", "content": "Hello"}}]}}'

Python SDK
    from anthropic import Anthropic
    client = Anthropic(base_url="{url}", api_key="{key}")
    print(client.messages.create(model="{MODEL}", max_tokens=1024,
          messages=[{{"role": "user", "content": "Hello"}}]).content)

Claude Code
    ANTHROPIC_BASE_URL={url} ANTHROPIC_AUTH_TOKEN={key} claude
"""
