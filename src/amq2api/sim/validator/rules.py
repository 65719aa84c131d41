"""Which readings of upstream-protocol.md the validator applies.

Two standard sets: :data:`STRICT` refuses whatever any report says is refused, so that what
passes here passes anywhere; :data:`LENIENT` refuses only what is certain (Appendix A 4).
"""

from dataclasses import dataclass, replace

INVARIANTS = tuple(f"I{number}" for number in range(1, 17))
"""The rules of upstream-protocol.md 2.10 by their numbers there."""

_CERTAIN = frozenset({
    "I1", "I2", "I4", "I5", "I6", "I8", "I9", "I10", "I11", "I12", "I13", "I14", "I16",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rules:
    """A set of invariants, and how contested matters outside of them are read."""

    on: frozenset[str] = frozenset(INVARIANTS)
    strict: bool = True
    """Whether doubts of upstream-protocol.md 8 count as refusals."""
    weight_limit: int = 1_320_000
    """Bound on the text of a request, an ASCII character weighing 1, another 8 (2.11)."""
    history_limit: int | None = None
    """Most messages of history; models of 2025 said 100 and 250, newer ones nothing (8.9)."""

    def without(self, *names: str) -> "Rules":
        """The same rules with some invariants switched off."""
        return replace(self, on=self.on - set(names))

    def __contains__(self, name: str) -> bool:
        return name in self.on


STRICT = Rules()
LENIENT = Rules(on=_CERTAIN, strict=False)
