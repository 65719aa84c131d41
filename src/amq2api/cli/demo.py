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

_NO_ACCOUNT = dict.fromkeys(("refresh_token", "client_id", "client_secret", "profile_arn"))
_HAVE_A_LOOK = "There you see the account, talk to it, and connect your own tools."
_SIGN_IN = "There is no account yet: sign in there first. It takes one click, and no password."


@asynccontextmanager
async def pretend(settings: Settings, *, with_account: bool = True) -> AsyncIterator[Settings]:
    """*settings*, but for a pretend Amazon Q that runs beside; nothing of it outlives the block.

    Args:
        with_account: Whether an account is there already. Without, signing in makes one.
    """
    world = World()
    sock = listen("127.0.0.1", 0)
    service = f"http://127.0.0.1:{sock.getsockname()[1]}/"
    with TemporaryDirectory(prefix="amq2api-demo-") as directory:
        home = Path(directory)
        if with_account:
            home.joinpath("account.json").write_bytes(msgspec.json.encode([world.demo_account()]))
        async with serving(create_app(world), sock, dated=False):
            given = load(
                host=settings.host,
                port=settings.port,
                account_file=home / "account.json",
                token_cache=home / "token_cache.json",
                calibration_file=home / "calibration.json",
                admin_file=home / "admin.json",
                api_endpoint=service,
                token_endpoint=f"{service}token",
            )
            # An account of the environment is a real one, and none of the pretended Amazon's
            # business.
            yield given.model_copy(update=_NO_ACCOUNT)


def words(url: str, *, closed: bool, with_account: bool = True) -> str:
    """How to use the gateway at *url*; *closed* is whether it wants a client key."""
    key = "YOUR-CLIENT-KEY" if closed else "anything"
    page = _HAVE_A_LOOK if with_account else _SIGN_IN
    return f"""
A gateway is up at {url}, with a pretend Amazon Q behind it. Ctrl-C stops both.

Open it in a browser
    {url}/
    {page}

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
