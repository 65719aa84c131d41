"""The conformance checklist of claude-api.md 10.H, and the lists of models of 10.A.

The ids are its numbers.
"""

import json
from typing import Any

import pytest

from e2e.answers import Json
from e2e.asking import fetch, post, say
from e2e.houses import House
from e2e.pictures import image_block, png

pytestmark = pytest.mark.e2e

TOOL: Json = {
    "name": "get_weather", "description": "The weather of a city, as it is at this moment.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}  # fmt: skip
WORDS = "The quick brown fox jumps over the lazy dog. " * 40


def listed(house: House, query: str = "") -> Json:
    page: Json = json.loads(fetch(f"{house.url}/v1/models{query}").body)
    return page


def ids(page: Json) -> list[str]:
    return [model["id"] for model in page["data"]]


def counted(house: House, **members: Any) -> int:
    asked = say(WORDS, **members)
    told: int = json.loads(
        post(house.url, asked, path="/v1/messages/count_tokens").body
    )["input_tokens"]  # fmt: skip
    return told


def used(house: House, **members: Any) -> Json:
    usage: Json = json.loads(post(house.url, say(WORDS, **members)).body)["usage"]
    return usage


def total(usage: Json) -> int:
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return sum(usage[name] for name in names)


def test_c_008_what_a_list_of_models_says(house: House) -> None:
    page = listed(house)
    assert page.keys() >= {"data", "has_more", "first_id", "last_id"}
    for model in page["data"]:
        assert model["type"] == "model" and model["id"] and model["display_name"]
        assert model["created_at"][10] == "T"
    assert (page["first_id"], page["last_id"]) == (ids(page)[0], ids(page)[-1])


def test_c_009_c_010_page_after_page(house: House) -> None:
    whole = listed(house, "?limit=1000")
    assert whole["has_more"] is False and any("claude" in name for name in ids(whole))
    found, page = [], listed(house, "?limit=1")
    assert len(page["data"]) == 1 and page["has_more"] is True
    while True:
        found += ids(page)
        if not page["has_more"]:
            break
        page = listed(house, f"?limit=3&after_id={page['last_id']}")
    assert found == ids(whole)


def test_c_011_the_page_before(house: House) -> None:
    whole = ids(listed(house, "?limit=1000"))
    page = listed(house, f"?limit=2&before_id={whole[5]}")
    assert ids(page) == whole[3:5] and page["has_more"] is True
    assert (page["first_id"], page["last_id"]) == (whole[3], whole[4])
    assert ids(listed(house, f"?before_id={whole[0]}")) == []


def test_c_153_tools_and_system_text_count(house: House) -> None:
    plain = counted(house)
    assert plain < counted(house, tools=[TOOL])
    assert plain < counted(house, system="Be brief, and kind.")
    assert counted(house, tools=[TOOL]) < counted(house, tools=[TOOL, {**TOOL, "name": "b"}])


@pytest.mark.parametrize("members", [{}, {"system": WORDS}], ids=["plain", "system"])
def test_c_154_a_count_is_near_the_usage(house: House, members: Json) -> None:
    # The simulator counts four characters a token, names of members included: the gateway takes
    # its first replies to learn that.
    usage = [used(house, **members) for _ in range(3)][-1]
    assert counted(house, **members) == pytest.approx(total(usage), rel=0.15)


def test_c_155_what_a_picture_costs(house: House) -> None:
    picture = [{"role": "user", "content": [image_block(png(1000, 1000))]}]
    nothing = [{"role": "user", "content": "x"}]
    costs = counted(house, messages=picture) - counted(house, messages=nothing)
    assert costs == pytest.approx(1296, rel=0.15)


def test_c_156_counting_asks_nobody(house: House) -> None:
    house.world.script[:] = ["internal-500"] * 9
    assert counted(house) > 0
    assert house.asked() == []
    house.forget()


def test_c_157_the_usage_grows_with_a_tool_loop(house: House) -> None:
    talk: list[Json] = [{"role": "user", "content": "What is the weather?"}]
    grown = []
    for turn in range(5):
        usage = used(house, messages=talk, tools=[TOOL])
        grown.append(total(usage))
        use = {"type": "tool_use", "id": f"toolu_{turn}", "name": "get_weather", "input": {}}
        result = {"type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": WORDS}
        talk += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    assert grown == sorted(set(grown)) and grown[-1] > 3 * grown[0]


def test_c_158_cached_tokens_are_part_of_the_whole(house: House) -> None:
    # A deployment that tells counts; the other only knows the whole.
    usage = json.loads(post(house.url, say("sim:token-usage")).body)["usage"]
    plain = used(house)
    assert total(usage) > usage["input_tokens"] and usage["cache_read_input_tokens"] > 0
    assert total(plain) == plain["input_tokens"]


def test_c_078_a_text_counts_as_its_block(house: House) -> None:
    block = [{"role": "user", "content": [{"type": "text", "text": WORDS}]}]
    assert counted(house, messages=block) == counted(house)
    assert used(house, messages=block)["input_tokens"] == used(house)["input_tokens"]
    assert used(house)["input_tokens"] > 0
