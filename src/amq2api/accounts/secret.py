"""Texts that open doors, and that nobody is to see by accident."""

HIDDEN = "(hidden)"


class Secret(str):
    """A secret. It compares, hashes, encodes and joins as the text it is; shown, it hides.

    What shows things, a log, a traceback, an f-string, a JSON encoder that falls back to
    ``str``, gets :data:`HIDDEN`. Whoever needs the text asks for it: :func:`plain`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return HIDDEN

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, _spec: str) -> str:
        return HIDDEN


def plain(text: str) -> str:
    """The text itself, to be sent or kept where it belongs."""
    return str.__str__(text)


def hide(owner: object, *names: str) -> None:
    """Make secrets of these members of a frozen object, while it is made."""
    for name in names:
        object.__setattr__(owner, name, Secret(plain(getattr(owner, name))))
