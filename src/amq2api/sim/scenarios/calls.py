"""Tool calls as frames, for answers that call the client's tools without thinking about it."""

import json
from dataclasses import dataclass

from amq2api.sim.question import Question
from amq2api.sim.sampling import sample
from amq2api.sim.steps import Step, Trailer, tool_piece, tool_start, tool_stop

CALLED = Trailer("TOOL_USE")


@dataclass(frozen=True, slots=True)
class Call:
    """*input* is the text of a JSON document."""

    key: str
    name: str
    input: str

    def pieces(self, size: int = 12) -> list[Step]:
        """The three parts of a call: begin, fragments of *size* characters, end (3.4)."""
        cuts = range(0, len(self.input), size)
        middle = [tool_piece(self.key, self.name, self.input[at : at + size]) for at in cuts]
        return [tool_start(self.key, self.name), *middle, tool_stop(self.key, self.name)]


def call(question: Question, index: int = 0, *, words: str = "Paris") -> Call:
    """A call of the *index*-th tool the client declared, with *words* wherever a text goes."""
    key, tools = question.key(index), question.tools
    if not tools:
        # Nothing is declared, so the real service would not call; a test may want it to.
        return Call(key, "get_weather", written({"city": words}))
    tool = tools[index % len(tools)]
    return Call(key, tool.name, written(sample(dict(tool.schema), words)))


def written(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
