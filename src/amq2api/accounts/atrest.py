"""The secrets of account.json between the file, where they may be sealed, and its entries in
memory, where they never are.
"""

from collections import defaultdict, deque
from typing import Any

from amq2api.errors import BadRequest

from .model import SECRETS, Entry, EntryProblem
from .sealing import MARK, Custody, SealBroken, is_sealed


class AtRest:
    """One reading of the file: how each secret stood there, for the writing that may follow."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody
        self._stood: defaultdict[tuple[str, str], deque[str]] = defaultdict(deque)
        self.settled = True
        """Whether every secret stood as it ought to (``sealing.Opened.settled``)."""

    def opened(self, entries: list[Any]) -> list[Any]:
        """The entries as they came, but for sealed secrets, which become plain.

        Raises:
            EntryProblem: one cannot be opened.
        """
        return [self._opened(entry, index) for index, entry in enumerate(entries, 1)]

    def closed(self, entries: list[Entry]) -> list[Entry]:
        """The entries with their secrets as they are to stand in the file.

        What has not changed keeps its text: a file under version control or watched by a backup
        changes where an account did, and nowhere else.

        Raises:
            BadRequest: a plain secret looks like a sealed one. It would not be understood again.
        """
        left = {secret: texts.copy() for secret, texts in self._stood.items()}
        return [
            entry | {key: self._closed(entry[key], key, left) for key in SECRETS if key in entry}
            for entry in entries
        ]

    def _opened(self, entry: Any, index: int) -> Any:
        if not isinstance(entry, dict):
            return entry
        found = {key: entry[key] for key in SECRETS if isinstance(entry.get(key), str)}
        return entry | {key: self._plain(text, key, index) for key, text in found.items()}

    def _plain(self, text: str, key: str, index: int) -> str:
        try:
            plain, settled = self._custody.opened(text, key)
        except SealBroken as exc:
            raise EntryProblem(index, key, exc.why) from exc
        self.settled = self.settled and settled
        if settled:
            self._stood[key, plain].append(text)
        return plain

    def _closed(self, plain: str, key: str, left: dict[tuple[str, str], deque[str]]) -> str:
        if stood := left.get((key, plain)):
            return stood.popleft()
        if is_sealed(plain):
            raise BadRequest(
                f"{key} begins with {MARK}, as encrypted values do: give the plain one", field=key
            )
        return self._custody.closed(plain, key)
