"""How large a request is, in the two ways the service is known to measure it (2.11)."""

from typing import Any

_NON_ASCII = 8  # weight of a character outside ASCII; ASCII weighs 1
_CHARACTERS_PER_TOKEN = 4  # the official CLI's estimate
_TOKENS_PER_IMAGE = 1_500


def texts(body: Any) -> list[str]:
    """Every string of the request, keys included, image bytes excluded."""
    found: list[str] = []
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            found.append(node)
        elif isinstance(node, dict):
            found.extend(node)
            waiting.extend(v for k, v in node.items() if k != "bytes" or not isinstance(v, str))
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def encodable(strings: list[str]) -> bool:
    """False if any holds half a surrogate pair, which no UTF-8 text can (2.1)."""
    try:
        for text in strings:
            if not text.isascii():
                text.encode()
    except UnicodeEncodeError:
        return False
    return True


def weight(strings: list[str]) -> int:
    total = 0
    for text in strings:
        total += len(text)
        if not text.isascii():
            strange = len(text) - len(text.encode("ascii", "ignore"))
            total += (_NON_ASCII - 1) * strange
    return total


def tokens(strings: list[str], images: int = 0) -> int:
    """The service's count as far as this simulator pretends to know it."""
    characters = sum(map(len, strings))
    return -(-characters // _CHARACTERS_PER_TOKEN) + images * _TOKENS_PER_IMAGE
