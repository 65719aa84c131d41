"""The page a person sees when a device asks to sign in: one click says yes."""

from html import escape
from urllib.parse import parse_qsl

from .asgi import Incoming, Reply
from .identity import UnknownCode
from .world import World

__all__ = ["PATH", "approve", "show"]

PATH = "/device"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 30rem; margin: 4rem auto }}
input, button {{ font: inherit; padding: .5rem 1rem }}
input {{ letter-spacing: .15em; text-transform: uppercase }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
<p><small>This is a simulator. Nobody signs in anywhere.</small></p>
</body>
</html>
"""
_FORM = """<p>A device asks for access to your pretended account. Does it show this code?</p>
<form method="post" action="/device">
<p><label>Code <input name="user_code" value="{code}" autocomplete="off" required></label></p>
<p><button name="answer" value="approve">Confirm and continue</button>
<button name="answer" value="deny">Deny access</button></p>
</form>"""


def show(world: World, incoming: Incoming) -> Reply:
    code = escape(incoming.query.get("user_code", ""), quote=True)
    return _page("Authorize request", _FORM.format(code=code))


def approve(world: World, incoming: Incoming) -> Reply:
    """Take the form's answer, or a bare POST to the complete link as a yes."""
    form = {**incoming.query, **dict(parse_qsl(incoming.body.decode("utf-8", "replace")))}
    code = form.get("user_code", "")
    try:
        if form.get("answer") == "deny":
            world.deny(code)
            return _page("Request denied", "<p>The device will not get access.</p>")
        world.approve(code)
    except UnknownCode:
        return _page("Unknown code", "<p>No device waits under this code.</p>", status=400)
    return _page("Request approved", "<p>You can close this page and go back to the device.</p>")


def _page(title: str, content: str, *, status: int = 200) -> Reply:
    body = _PAGE.format(title=title, content=content)
    return Reply(status, body.encode(), "text/html; charset=utf-8")
