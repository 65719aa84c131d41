"""A continuation without what it continues.

The service takes no prefill: the model is asked to go on where its message stopped without
repeating it (words.CONTINUE), and may repeat it all the same. The Messages API never does
(claude-api.md 4, rule 3).
"""

__all__ = ["Prefix"]

_TELLING = 16
"""Characters from which on a repetition is no accident. After ``[`` an answer may well begin
with another one: what is short is left alone, for text is never taken away on a guess."""


class Prefix:
    """Feed it the answer in pieces; it takes one exact repetition of *said* from its beginning.

    What may yet turn out to be a repetition waits.
    """

    __slots__ = ("_held", "_said", "repeated")

    def __init__(self, said: str) -> None:
        self._said = said if len(said) >= _TELLING else ""
        self._held = ""
        self.repeated = False

    @property
    def looks(self) -> bool:
        """Whether the beginning is still undecided."""
        return bool(self._said)

    def feed(self, text: str) -> str:
        """Return text that certainly belongs to the answer."""
        if not self._said:
            return text
        text = self._held + text
        if text.startswith(self._said):
            self.repeated = True
            text = text[len(self._said) :]
        elif self._said.startswith(text):
            self._held = text
            return ""
        self._said = self._held = ""
        return text

    def finish(self) -> str:
        """The text ended or something else begins: what waited was no repetition."""
        held, self._said, self._held = self._held, "", ""
        return held
