from amq2api.bridge.seen import Seen


def test_things_are_found_by_themselves_and_not_by_what_they_say() -> None:
    seen: Seen[list[int], str] = Seen(2)
    one, equal = [1], [1]
    assert seen.put(one, "made") == "made"
    assert seen.get(one) == "made"
    assert seen.get(equal) is None


def test_what_is_new_takes_the_place_of_what_was_made_before() -> None:
    seen: Seen[list[int], str] = Seen(2)
    one, two, three = [1], [2], [3]
    for thing in (one, two, three):
        seen.put(thing, "made")
    assert [seen.get(thing) for thing in (one, two, three)] == [None, None, "made"]


def test_nothing_is_told_of_a_thing_that_is_gone() -> None:
    """Its id may be another's by now."""
    seen: Seen[list[int], str] = Seen(2)
    for number in range(100):
        assert seen.get([number]) is None
        seen.put([number], "made")
