"""How refusals read: a place and a reason, or one of the API's own sentences."""

_SENTENCES = (
    "tool_choice may only", "At least one tool", "`max_tokens` must be", "Tool '",
)  # fmt: skip
_OF_THE_LIBRARY = ("Expected `", "Object missing", "Invalid value", "Invalid enum", "at `$")


def check_words(words: str) -> None:
    place, colon, reason = words.partition(": ")
    assert (place and colon and reason) or words.startswith(_SENTENCES)
    assert not any(term in words for term in _OF_THE_LIBRARY)
