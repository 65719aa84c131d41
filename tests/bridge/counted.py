"""Counts that the API gave or that its documentation gives, for estimates to be held against.

The texts of recorded exchanges are not repeated here: a small letter stands as ``x``, a capital as
``X``, a digit as ``0``. The estimate tells no more of them apart, so it comes out the same.
Long ones are given by how often each character stands in them.

Sources: API = claude-api.md 8; DOC = the page on counting tokens, whose figures date from the
models before 4.5, whatever model its examples name today; REC = exchanges with the API that
pydantic-ai keeps for its tests (2025 and 2026); PROBE = blogs that asked the API to count
(sol.ava.dev and pithwire.com, as in claude-api.md 8.2; claudeguide.io).
"""

from typing import Any, NamedTuple, TypeAlias

import msgspec

from amq2api.dialects import messages as m
from bridge.conversations import Json

Texts: TypeAlias = dict[str, int]


class Counted(NamedTuple):
    """A request and the count of it."""

    known: int
    call: m.Call


def spelled(characters: Texts) -> str:
    """A text in which each character stands so often."""
    return "".join(character * times for character, times in characters.items())


def _tool(name: str, description: str, schema: Json) -> m.Tool:
    return m.Tool(
        name, description=description, input_schema=msgspec.Raw(msgspec.json.encode(schema))
    )


def _object(title: str = "", **kinds: str) -> Json:
    """The schema of an object as pydantic writes it: members, required ones, title, type."""
    members = {name: {"type": kind} for name, kind in kinds.items()}
    schema: Json = {"properties": members, "required": list(kinds)}
    return schema | ({"title": title} if title else {}) | {"type": "object"}


def _call(model: str, *turns: str | list[Any], **members: Any) -> m.Call:
    """Turns alternate, the first is the user's."""
    roles: tuple[m.Role, m.Role] = ("user", "assistant")
    messages = [m.Message(roles[i % 2], turn) for i, turn in enumerate(turns)]
    return m.Call(model=model, messages=messages, **members)


def _use(name: str, **members: Any) -> m.ToolUse:
    return m.ToolUse("toolu_1", name, msgspec.Raw(msgspec.json.encode(members)))


def _result(text: str) -> list[m.ToolResult]:
    return [m.ToolResult("toolu_1", text)]


_HELPFUL = "Xxx xxx x xxxxxxx xxxxxxxxx."
_FINAL = "Xxx xxxxx xxxxxxxx xxxxx xxxx xxxx xxxxxxxxxxxx"
_BUDGET = m.Enabled(10_000)
_DEFERRED = (
    "Xxx xxxxxxxxx xxxxxxxxxxxx xxx xxxxxxxx xxx xxx xx xxxxxx xxxxx xxx `xxxx_xxxxxxxxxx` xxxx:\n"
    "- xxxxxxx: Xxxxxx xxxxxx xxxxx. Xxxx xxxx xxxxxxxxxx xxxxxx xxxxxxx xx xxxxxx xxxxxx."
)
_ASKED = (
    "Xxxxx xxxx xxx xxxxxxx xxxxxxxxxx. Xxxx xxxx xxxxxx_xxxxxx_xxxxxx xxx xxxxx-000. "
    "Xxxxxx xxxx xxx xxxx xxxxxx."
)
_LOAD = _tool(
    "load_capability",
    "Xxxx x xxxxxxxxxx xx xxxxxx xxx xxxx xxxxxxxxxxxx xxx xxxxx.",
    {
        "description": "Xxxxx xxxxxxxxx xxx x `xxxx_xxxxxxxxxx` xxxx xxxx.",
        "properties": {
            "id": {"description": "Xxx xx xx xxx xxxxxxxxxx xx xxxx.", "type": "string"}
        },
        "required": ["id"],
        "type": "object",
    },
)
_LOOK_UP = m.Tool(
    "lookup_refund_policy",
    description="",
    input_schema=msgspec.Raw(
        msgspec.json.encode({"additionalProperties": False} | _object(order_id="string"))
    ),
    defer_loading=True,
)
_DEFERRING: Json = {"system": _DEFERRED, "tools": [_LOAD, _LOOK_UP]}


def _loading(model: str, said: str, then: str) -> list[m.Call]:
    """A tool loop: a tool is called, a deferred one brought into play, and that one called."""
    first = [_ASKED]
    loaded: list[Any] = [
        [m.Text(said), _use("load_capability", id="xxxxxxx")],
        _result("{}"),
        [_use("search_tools", queries=["xxxxxxx"])],
        [m.ToolResult("toolu_1", [m.ToolReference("lookup_refund_policy")])],
    ]
    spoken = [m.Text(then)] if then else []
    called: list[Any] = [
        [*spoken, _use("lookup_refund_policy", order_id="xxxxx-000")],
        _result("xxxxx-000: xxxxxx xxxxxxx"),
    ]
    talks = ([*first], [*first, *loaded], [*first, *loaded, *called])
    return [_call(model, *talk, **_DEFERRING) for talk in talks]


_OLDER_LOOP = _loading(
    "claude-sonnet-4-6",
    "X'xx xxxx xxx xxxxxxx xxxxxxxxxx xxx xxxx xxxxxxxxxxx xxx xx -- xxx xx xxxxx xx xxxxxxx xx "
    "xxxxx.",
    "Xxx X'xx xxxx `xxxxxx_xxxxxx_xxxxxx` xxx xxxxx-000!",
)
_NEWER_LOOP = _loading("claude-opus-5", "X'xx xxxx xxx xxxxxxx xxxxxxxxxx xxxxx.", "")
_EDITOR: Json = {
    "system": "Xxxxxx xxx xxx xxxx xxxxxx xxxx. Xxxx xxxxxxxxx xxxxx.",
    "tools": [m.Tool("str_replace_based_edit_tool", type="text_editor_20250728")],
}
_PRODUCT = "00 × 00 = 00 × 00 + 00 × 0 = 000 + 00 = **000**."

REQUESTS: dict[str, Counted] = {
    "DOC system and hello": Counted(
        14, _call("claude-opus-4-6", "Hello, Claude", system="You are a scientist")
    ),
    "DOC one tool": Counted(403, _call(
        "claude-sonnet-4", "Xxxx'x xxx xxxxxxx xxxx xx Xxx Xxxxxxxxx?",
        tools=[_tool("get_weather", "Xxx xxx xxxxxxx xxxxxxx xx x xxxxx xxxxxxxx", {
            "type": "object",
            "properties": {"location": {
                "type": "string", "description": "Xxx xxxx xxx xxxxx, x.x. Xxx Xxxxxxxxx, XX"}},
            "required": ["location"],
        })],
    )),
    "DOC thinking of an earlier turn": Counted(88, _call(
        "claude-sonnet-4-5",
        "Xxx xxxxx xx xxxxxxxx xxxxxx xx xxxxx xxxxxxx xxxx xxxx x xxx 0 == 0?",
        [m.Thinking("Xxxx xx x xxxx xxxxxx xxxxxx xxxxxxxx. Xxxx xxxxx xxxxx xx xxxx xx xxxx..."),
         m.Text("Xxx, xxxxx xxx xxxxxxxxxx xxxx xxxxx xxxxxxx x xxxx xxxx x xxx 0 = 0...")],
        "Xxx xxx xxxxx x xxxxxx xxxxx?",
        thinking=m.Enabled(16_000),
    )),
    "REC one phrase, a hundred times": Counted(1114, _call(
        "claude-sonnet-4-5", spelled({"x": 4100, " ": 1000, "X": 200, ".": 100}), system=_HELPFUL
    )),
    "REC a question": Counted(20, _call(
        "claude-3-opus-20240229", "Xxxx xx xxx xxxxxxx xx Xxxxxx?", system=_HELPFUL + "\n\n"
    )),
    "REC a tool that must be called": Counted(671, _call(
        "claude-opus-4-6", "Xxxx xx xxx xxxxxxx xx Xxxxxx?", thinking=m.Adaptive(),
        tools=[_tool("final_result", _FINAL, _object(city="string", country="string"))],
        tool_choice=m.AnyTool(),
    )),
    "REC a tool and a budget": Counted(443, _call(
        "claude-sonnet-4-0", "Xxxxxxxx x xxxxxx xxxx xxx xx.", thinking=_BUDGET,
        tools=[_tool("final_result", _FINAL,
                     _object("Xxxx", name="string", email="string", age="integer"))],
    )),
    "REC two tools and a budget": Counted(508, _call(
        "claude-sonnet-4-0", "Xxxx xx x xxxxxx?", thinking=_BUDGET,
        tools=[
            _tool("return_fruit", f"Xxxxx: {_FINAL}",
                  _object("Xxxxx", name="string", color="string")),
            _tool("return_vehicle", f"Xxxxxxx: {_FINAL}",
                  _object("Xxxxxxx", name="string", wheels="integer")),
        ],
    )),
    "REC a small tool and a budget": Counted(426, _call(
        "claude-sonnet-4-0", "Xxxxxx x xxxxxx", thinking=_BUDGET,
        tools=[_tool("final_result", "X xxxxx xxxx x xxxx xxx xxx",
                     _object("Xxxxx", name="string", age="integer"))],
    )),
    "REC the API's text editor": Counted(1270, _call(
        "claude-sonnet-4-6", "Xxxx xxx xxxx /xxx/xxxxxxx.xx", **_EDITOR
    )),
    "REC the editor's result": Counted(1391, _call(
        "claude-sonnet-4-6", "Xxxx xxx xxxx /xxx/xxxxxxx.xx",
        [_use("str_replace_based_edit_tool", command="xxxx", path="/xxx/xxxxxxx.xx")],
        _result('{"xxxxxx": "Xxxxxxxx xx /xxx/xxxxxxx.xx:\nxxxxx(\\"xxxxx xxxxx\\")\n", '
                '"xxxxxxx": xxxx}'),
        **_EDITOR,
    )),
    "REC tool loop, older": Counted(658, _OLDER_LOOP[0]),
    "REC tool loop, older, deferred tool in play": Counted(880, _OLDER_LOOP[1]),
    "REC tool loop, older, its result": Counted(977, _OLDER_LOOP[2]),
    "REC tool loop, newer": Counted(590, _NEWER_LOOP[0]),
    "REC tool loop, newer, deferred tool in play": Counted(806, _NEWER_LOOP[1]),
    "REC tool loop, newer, its result": Counted(877, _NEWER_LOOP[2]),
    "REC a sum": Counted(13, _call("claude-opus-4-8", "Xxxx xx 0+0?", thinking=m.Adaptive())),
    "REC a product": Counted(41, _call(
        "claude-fable-5-1", "Xxxxx xxxxx xx, xxxx xxx xxxx 00*00 xx.",
        system=f"{_HELPFUL} Xxxxxx xxxxxxx.",
    )),
    "REC and times two": Counted(95, _call(
        "claude-fable-5-1", "Xxxxx xxxxx xx, xxxx xxx xxxx 00*00 xx.",
        [m.Thinking("", "xxxx"), m.Text(_PRODUCT)], "Xxx xxxxx xxx?",
        system=f"{_HELPFUL} Xxxxxx xxxxxxx. Xxxxx xx 0000-00-00.",
    )),
}  # fmt: skip


class Text(NamedTuple):
    """A text and its tokens: how many characters to one, for each tokenizer where known."""

    text: str
    older: float | None = None
    newer: float | None = None


_PROSE = (
    "The harbour froze early that year. Fishermen who had meant to leave before Christmas stayed "
    "ashore, mended their nets, and told the children stories about colder winters; nobody "
    "believed them, although the oldest of the boats still carried marks where the ice had "
    "pressed against its planks. When the thaw came in March, half of the village walked down to "
    "the water to watch."
)
_PYTHON = '''
def merge(left: list[int], right: list[int]) -> list[int]:
    """Two sorted lists as one."""
    out: list[int] = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            out.append(left[i])
            i += 1
        else:
            out.append(right[j])
            j += 1
    return out + left[i:] + right[j:]


class Counter:
    def __init__(self, start: int = 0) -> None:
        self._value = start

    def increase(self, by: int = 1) -> None:
        if by < 0:
            raise ValueError(f"by must not be negative: {by}")
        self._value += by
'''
_TYPESCRIPT = """
export interface Reading { station: string; celsius: number; takenAt: Date }

export async function latestReadings(source: Source, limit = 20): Promise<Reading[]> {
  const response = await source.fetch(`/readings?limit=${limit}`);
  if (!response.ok) {
    throw new Error(`unexpected status ${response.status}`);
  }
  const rows = (await response.json()) as RawReading[];
  return rows
    .filter((row) => row.celsius !== null)
    .map((row) => ({ station: row.station, celsius: row.celsius, takenAt: new Date(row.at) }));
}
"""
_JSON = (
    '{"station":"harbour-3","readings":[{"celsius":-4.5,"wind":12,"at":"2026-01-14T06:00:00Z"},'
    '{"celsius":-3.75,"wind":9,"at":"2026-01-14T07:00:00Z"}],"active":true,"owner":{"name":"Ines",'
    '"email":"ines@example.com"},"tags":["coast","winter"],"next":null}'
)
_MARKDOWN = (
    "# Readings\n\n## Stations\n\n- **harbour-3**: on the pier, *read hourly*\n- **hill-1**: read "
    "twice a day\n\n## How to read them\n\n1. Open the `readings` page.\n2. Choose a station.\n\n"
    "| station | celsius |\n|---|---|\n| harbour-3 | -4.5 |\n| hill-1 | -9.0 |\n"
)

TEXTS: dict[str, Text] = {
    "PROBE English": Text(_PROSE, 4.33, 3.60),
    "PROBE an English paragraph": Text(_PROSE[:250], 500 / 118),
    "PROBE Python": Text(_PYTHON, 500 / 161),
    "PROBE TypeScript": Text(_TYPESCRIPT, 3.66, 2.69),
    "PROBE JSON": Text(_JSON, 500 / 198),
    "PROBE Markdown": Text(_MARKDOWN, 500 / 143),
    "REC an answer in Markdown": Text(
        spelled({
            "x": 1162, " ": 195, "X": 76, "*": 56, "\n": 51, "-": 38, "#": 29, "0": 13, ",": 12,
            ".": 11, "(": 4, ")": 4, ":": 2, "&": 2, "?": 1, "'": 1,
        }), 1657 / 411,
    ),
    "REC a thought and a question": Text(
        spelled({
            "x": 530, " ": 121, "X": 15, ".": 9, "\n": 9, "*": 8, ",": 4, '"': 2, "(": 2, ")": 2,
            "'": 2, "0": 2, "-": 2, "?": 2, "_": 1, ":": 1,
        }), 712 / 172,
    ),
}  # fmt: skip

RATIOS: dict[str, tuple[str, float]] = {
    # How many more tokens the newer tokenizer makes of the same text (claude-api.md 8.2).
    "English": (_PROSE, 1.45),
    "German": (
        "Der Hafen fror in jenem Jahr früh zu. Fischer, die noch vor Weihnachten hatten auslaufen "
        "wollen, blieben an Land, flickten ihre Netze und erzählten den Kindern von kälteren "
        "Wintern.",
        1.46,
    ),
    "French": (
        "Le port gela tôt cette année-là. Les pêcheurs qui voulaient partir avant Noël restèrent à "
        "terre, réparèrent leurs filets et parlèrent aux enfants des hivers plus froids.",
        1.36,
    ),
    "Spanish": (
        "El puerto se heló temprano aquel año. Los pescadores que querían zarpar antes de Navidad "
        "se quedaron en tierra, remendaron sus redes y hablaron a los niños de inviernos más "
        "fríos.",
        1.24,
    ),
    "Python": (_PYTHON, 1.20),
    "TypeScript": (_TYPESCRIPT, 1.13),
    "JSON": (_JSON, 1.31),
    "identifiers": ("6f1c2b90-3d4e-4a57-8b61-0c9d8e7f6a52 1768370400 00417 ", 1.06),
    "Russian": ("Гавань в тот год замёрзла рано, и рыбаки остались на берегу чинить сети.", 1.0),
    "Chinese": ("那一年港口很早就结冰了，渔民们留在岸上修补渔网，给孩子们讲更冷的冬天。", 1.0),
    "Japanese": ("その年、港は早くに凍り、漁師たちは岸で網を繕いながら冬の話をした。", 1.0),
    "Korean": ("그해 항구는 일찍 얼었고 어부들은 뭍에 남아 그물을 손질했다.", 1.0),
    "Arabic": ("تجمد الميناء مبكرا في ذلك العام وبقي الصيادون على الشاطئ يصلحون شباكهم.", 1.0),
}
