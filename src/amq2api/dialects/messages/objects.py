"""JSON that is passed on undecoded: all that is asked of it is to be an object."""

from msgspec import Raw

from amq2api.errors import BadRequest

__all__ = ["check_object"]


def check_object(place: str, raw: Raw) -> None:
    """Refuse undecoded JSON that is no object, or not UTF-8.

    msgspec has checked its syntax and its escapes, so lone surrogates too. The UTF-8 of whole
    bodies would cost as much as the rest of all checks; what is not Raw, msgspec has read.
    """
    data = bytes(raw)
    if not data.startswith(b"{"):
        raise BadRequest(f"{place}: Input should be an object")
    if data.isascii():
        return
    try:
        str(data, "utf-8")
    except UnicodeDecodeError as exc:
        raise BadRequest(f"The request body is not valid JSON: {place} is not UTF-8") from exc
