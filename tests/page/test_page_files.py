"""What can be said of the page's files without a browser: words, colours, and what they load."""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[2] / "src/amq2api/admin/static"
INDEX = (STATIC / "index.html").read_text("utf-8")
SCRIPTS = {
    path.relative_to(STATIC).as_posix(): path.read_text("utf-8")
    for path in sorted((STATIC / "js").rglob("*.js"))
}
OURS = {
    path.relative_to(STATIC).as_posix(): path.read_text("utf-8")
    for path in sorted(STATIC.rglob("*"))
    if path.suffix in {".html", ".css", ".js", ".svg"} and "vendor" not in path.parts
}


def words(language: str) -> dict[str, str]:
    text = SCRIPTS[f"js/i18n/{language}.js"]
    told: dict[str, str] = json.loads(text.split("\nexport default ")[1].strip().removesuffix(";"))
    return told


EN, ZH = words("en"), words("zh")
CODE = "\n".join(text for name, text in SCRIPTS.items() if "/i18n/" not in name)


def test_both_languages_say_the_same_things_in_the_same_order() -> None:
    assert list(EN) == list(ZH) == sorted(EN)


def test_both_languages_fill_in_the_same_values() -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    assert [key for key in EN if values(EN[key]) != values(ZH[key])] == []
    assert [key for key in EN if key != "join" and not (EN[key].strip() and ZH[key].strip())] == []


# Names that are the same everywhere.
SAME = re.compile(r"cline\.|kind\.|source\.|field\.profile_arn|requests\.tokens|quota\.of|join")


def test_chinese_is_chinese() -> None:
    told = {key: text for key, text in ZH.items() if not SAME.match(key)}
    assert [key for key, text in told.items() if not re.search(r"[\u4e00-\u9fff]", text)] == []
    # With its own punctuation, not that of English.
    english = re.compile(r"[\u4e00-\u9fff][,;!?.]|\.\.\.")
    assert [key for key, text in told.items() if english.search(text)] == []


LITERAL = re.compile(r"\b(?:t|said|button)\(\s*\"([\w.-]+)\"")
CHOSEN = re.compile(r"\? \"([a-z_]+\.[\w.-]+)\" : \"([a-z_]+\.[\w.-]+)\"")
BUILT = re.compile(r"`([a-z_]+\.[\w.-]*)\$\{")


def mentioned() -> Iterator[str]:
    yield from LITERAL.findall(CODE)
    for pair in CHOSEN.findall(CODE):
        yield from pair


def test_every_word_the_page_asks_for_is_there() -> None:
    assert len(set(mentioned())) > 100
    assert set(mentioned()) - set(EN) == set()


def test_every_word_is_asked_for() -> None:
    prefixes = tuple(set(BUILT.findall(CODE)))
    spoken = set(re.findall(r"\"([a-z_]+\.[\w.-]+|join)\"", CODE))
    counted = {re.sub(r"\.(one|other)$", "", key) for key in EN}
    idle = {key for key in counted if key not in spoken and not key.startswith(prefixes)}
    assert idle == set()


def loaded() -> list[str]:
    return re.findall(r"(?:href|src)=\"/static/([^\"]+)\"", INDEX)


def test_the_page_begins_to_load_all_it_needs_at_once() -> None:
    assert all((STATIC / name).is_file() for name in loaded())
    assert len(loaded()) == len(set(loaded()))
    assert set(SCRIPTS) <= set(loaded())
    styles = {path.relative_to(STATIC).as_posix() for path in (STATIC / "css").glob("*.css")}
    assert styles <= set(loaded())


@pytest.mark.parametrize("name", SCRIPTS)
def test_modules_import_what_is_there(name: str) -> None:
    for wanted in re.findall(r"\bfrom \"(\.[^\"]+)\"", SCRIPTS[name]):
        assert (STATIC / name).parent.joinpath(wanted).resolve().is_file(), wanted


@pytest.mark.parametrize("name", OURS)
def test_nothing_needs_more_than_the_strict_policy_grants(name: str) -> None:
    text = OURS[name]
    assert not re.search(r"<style|<script(?! (src|type=\"module\" src)=)", text)
    assert not re.search(r"\sstyle=|\son[a-z]+=\"", text)
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", text)
    assert not re.search(r"dangerouslySet|new Function", text)


# What is not fetched: names of namespaces, examples, and addresses that people compare.
HARMLESS = re.compile(
    r"http://www\.w3\.org/2000/svg|https://(view|example)\.awsapps\.com/start|https://…|https?:\""
)


@pytest.mark.parametrize("name", OURS)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    assert re.findall(r"https?://", HARMLESS.sub("", OURS[name])) == []


def test_the_code_of_others_is_what_its_readme_says() -> None:
    readme = (STATIC / "vendor/README.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\w.-]+\.js) .*\| ([0-9a-f]{64}) \|$", readme, re.MULTILINE)
    assert {name for name, _ in rows} == {path.name for path in (STATIC / "vendor").glob("*.js")}
    for name, wanted in rows:
        assert sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == wanted


COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", OURS["css/tokens.css"]
    )
}
GROUNDS = ("ground", "surface", "sunken")
WRITTEN = [
    *[(ink, ground) for ink in ("text", "muted", "accent", "bad") for ground in GROUNDS],
    *[(ink, "surface") for ink in ("good", "warn", "calm", "off", "accent-strong")],
    *[(f"{tone}", f"{tone}-soft") for tone in ("good", "warn", "bad", "off")],
    *[("text", f"{tone}-soft") for tone in ("good", "warn", "bad", "accent")],
    ("calm", "accent-soft"), ("muted", "accent-soft"), ("text", "off-soft"),
    ("on-accent", "accent"), ("on-accent", "accent-strong"), ("on-bad", "bad"),
    ("surface", "text"),
]  # fmt: skip
DRAWN = [
    ("line-strong", "surface"), ("meter-good", "surface"), ("meter-bad", "surface"),
    ("accent", "ground"),
]  # fmt: skip


def luminance(colour: str) -> float:
    """As WCAG 2.2 reckons it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, ground: str, theme: int) -> float:
    light, dark = sorted((luminance(COLOURS[each][theme]) for each in (ink, ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), WRITTEN)
def test_text_stands_out_from_its_ground(ink: str, ground: str, theme: int) -> None:
    assert contrast(ink, ground, theme) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), DRAWN)
def test_shapes_stand_out_from_their_ground(shape: str, ground: str, theme: int) -> None:
    assert contrast(shape, ground, theme) >= 3
