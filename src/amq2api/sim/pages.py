"""The page a person sees when a device asks to sign in: one click says yes.

It needs no script. The buttons decide, never the visit, and only buttons of this very page: a
form on another site is refused.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from types import MappingProxyType
from urllib.parse import parse_qsl

from .asgi import Incoming, Reply
from .identity import Device, UnknownCode
from .world import World

__all__ = ["PATH", "approve", "show"]

PATH = "/device"

_STYLE = """
:root { color-scheme: light dark; --ink: #16202c; --soft: #56616f; --line: #c4ccd6;
  --ground: #eef2f7; --card: #fff; --yes: #0b6b3a; --yes-ink: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf4; --soft: #a3afbf; --line: #46525f;
  --ground: #12171d; --card: #1c232c; --yes: #4cc38a; --yes-ink: #06210f } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 1rem;
  font: 1.0625rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground) }
main { width: min(30rem, 100vw - 2rem); padding: 2rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 1rem; text-align: center }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem }
p { margin: .75rem 0 }
.code, input { font: 600 2rem/1.3 ui-monospace, monospace; letter-spacing: .08em }
.code { margin: 1.25rem 0; overflow-wrap: anywhere }
label { display: block }
input { display: block; width: 100%; margin: .5rem 0; padding: .4rem; text-align: center;
  text-transform: uppercase; color: inherit; background: transparent;
  border: 1px solid var(--soft); border-radius: .5rem }
button { font: inherit; font-weight: 600; width: 100%; padding: .8rem 1rem; margin-top: .75rem;
  border-radius: .6rem; border: 1px solid var(--soft); color: inherit; background: transparent;
  cursor: pointer }
button.yes { color: var(--yes-ink); background: var(--yes); border-color: var(--yes);
  font-size: 1.25rem }
:focus-visible { outline: 3px solid currentColor; outline-offset: 3px }
small, .soft { color: var(--soft) }
"""
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}';"
    " img-src data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
}

_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
<p><small>{note}</small></p>
</main>
</body>
</html>
"""
_ASK_CODE = """<form method="get" action="/device">
<label>{code}<input name="user_code" value="{value}" autocomplete="off" autocapitalize="characters"
 spellcheck="false" maxlength="20" required autofocus></label>
<button class="yes">{go}</button>
</form>"""
_ASK_ANSWER = """<p>{whose}</p>
<p class="code">{value}</p>
<p>{same}</p>
<form method="post" action="/device">
<input type="hidden" name="user_code" value="{value}">
<button class="yes" name="answer" value="approve">{yes}</button>
<button name="answer" value="deny">{no}</button>
</form>"""

Words = Mapping[str, str]

_ENGLISH: Words = MappingProxyType({
    "lang": "en",
    "ask": "Allow this sign-in?",
    "builder-id": "amq2api wants to use your pretended AWS Builder ID.",
    "idc": "amq2api wants to use your pretended IAM Identity Center account.",
    "same": "Press Approve if the page you came from shows the same code.",
    "yes": "Approve",
    "no": "Deny",
    "code": "Code shown by the page or terminal you came from",
    "enter": "Enter the code",
    "go": "Continue",
    "approved": "Approved",
    "back": "Close this tab and go back: the sign-in goes on there.",
    "denied": "Denied",
    "shut": "Nothing was signed in. You can close this tab.",
    "unknown": "Nobody waits under this code",
    "again": "It may have a typing error, or have been used already. Codes expire after a while:"
    " then start the sign-in again.",
    "expired": "This code has expired",
    "foreign": "This answer did not come from the sign-in page",
    "press": "Open the link again, and press a button there.",
    "note": "This is a simulator. Nobody signs in anywhere, and no password is asked for.",
})  # fmt: skip
_CHINESE: Words = MappingProxyType({
    "lang": "zh-CN",
    "ask": "允许这次登录吗？",
    "builder-id": "amq2api 想使用你的（模拟）AWS Builder ID。",
    "idc": "amq2api 想使用你的（模拟）IAM Identity Center 账户。",
    "same": "如果与原页面显示的代码相同，请点“批准”。",
    "yes": "批准",
    "no": "拒绝",
    "code": "原页面或终端显示的代码",
    "enter": "输入代码",
    "go": "继续",
    "approved": "已批准",
    "back": "请关闭此标签页并返回：登录会在那里继续。",
    "denied": "已拒绝",
    "shut": "没有登录任何账户。可以关闭此标签页。",
    "unknown": "没有等待此代码的登录",
    "again": "代码可能输错，或已经用过。代码过一段时间会失效：请重新开始登录。",
    "expired": "此代码已失效",
    "foreign": "这个回答不是来自登录页面",
    "press": "请重新打开链接，并在那里点按钮。",
    "note": "这是模拟器。不会真的登录任何地方，也不会要求密码。",
})  # fmt: skip


def show(world: World, incoming: Incoming) -> Reply:
    """Ask for the code, or, for a code that somebody waits under, for the answer."""
    words, code = _words(incoming), incoming.query.get("user_code", "").strip()
    if not code:
        return _ask_code(words, "", words["enter"])
    try:
        device = world.identities.waiting(code)
    except UnknownCode:
        return _ask_code(words, code, words["unknown"], status=404)
    if (over := _over(world, device, words)) is not None:
        return over
    content = _ASK_ANSWER.format_map(
        {**words, "whose": words[device.kind], "value": escape(device.user_code)}
    )
    return _page(words, words["ask"], content)


def approve(world: World, incoming: Incoming) -> Reply:
    """Take what a button of the page says."""
    words = _words(incoming)
    form = dict(parse_qsl(incoming.body.decode("utf-8", "replace")))
    answer = form.get("answer")
    if _foreign(incoming) or answer not in ("approve", "deny"):
        return _told(words, "foreign", "press", status=403)
    try:
        device = world.identities.waiting(form.get("user_code", ""))
    except UnknownCode:
        return _ask_code(words, form.get("user_code", ""), words["unknown"], status=404)
    if (over := _over(world, device, words)) is not None:
        return over
    if answer == "deny":
        world.deny(device.user_code)
        return _told(words, "denied", "shut")
    world.approve(device.user_code)
    return _told(words, "approved", "back")


def _over(world: World, device: Device, words: Words) -> Reply | None:
    """The page for a device that needs no answer any more."""
    if device.denied:
        return _told(words, "denied", "shut")
    if device.account is not None:
        return _told(words, "approved", "back")
    if world.clock() >= device.expires_at:
        return _told(words, "expired", "again", status=410)
    return None


def _foreign(incoming: Incoming) -> bool:
    """Whether another site's page sent this; browsers say so, other programs say nothing."""
    headers = incoming.headers
    return (
        headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
        or headers.get("origin", incoming.base) != incoming.base
    )


def _words(incoming: Incoming) -> Words:
    preferred = incoming.headers.get("accept-language", "").lower()
    return _CHINESE if preferred.startswith("zh") else _ENGLISH


def _ask_code(words: Words, code: str, title: str, *, status: int = 200) -> Reply:
    why = f"<p>{words['again']}</p>" if status != 200 else ""
    form = _ASK_CODE.format_map({**words, "value": escape(code[:20], quote=True)})
    return _page(words, title, why + form, status=status)


def _told(words: Words, title: str, more: str, *, status: int = 200) -> Reply:
    return _page(words, words[title], f"<p>{words[more]}</p>", status=status)


def _page(words: Words, title: str, content: str, *, status: int = 200) -> Reply:
    body = _PAGE.format_map({**words, "title": title, "content": content, "style": _STYLE})
    return Reply(status, body.encode(), "text/html; charset=utf-8", _HEADERS)
