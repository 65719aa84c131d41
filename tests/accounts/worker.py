"""A process of its own that wants a token: ``worker.py ACCOUNTS CACHE TOKEN_URL [KEY]``, and writes
the access token it got to standard output."""

import asyncio
import sys
from pathlib import Path
from urllib.parse import urlsplit

from amq2api.accounts.choose import choose
from amq2api.accounts.health import Health
from amq2api.accounts.sealing import Seal
from amq2api.accounts.store import FileStore
from amq2api.accounts.tokens import TokenCache
from amq2api.wire.exchange import Answer, Ask


async def ask_over_http(ask: Ask) -> Answer:
    url = urlsplit(ask.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = f"POST {url.path} HTTP/1.1\r\ncontent-length: {len(ask.body)}\r\n\r\n"
    writer.write(head.encode() + ask.body)
    raw = await reader.read()
    writer.close()
    status, _, body = raw.partition(b"\r\n\r\n")
    return Answer(int(status.split()[1]), body)


async def main(accounts: str, cache: str, token_url: str, key: str = "") -> None:
    seal = Seal(key, cost=2) if key else None
    store = FileStore(Path(accounts), seal=seal)
    tokens = TokenCache(Path(cache), store=store, ask=ask_over_http, token_url=token_url, seal=seal)
    tokens.load()
    chosen = choose(store.accounts(), health=lambda _: Health("ready"))
    token = await tokens.token(chosen.account)
    sys.stdout.write(token.access)
    await asyncio.to_thread(store.close)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
