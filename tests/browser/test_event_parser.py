"""The page's reader of server-sent events, fed with every cut of the same bytes."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

MODULE = Path(__file__).parents[2] / "src/amq2api/admin/static/js/sse.js"

# Takes a stream as numbers; answers with what comes of it whole, cut in two anywhere, and one
# byte at a time.
READ = """async ([source, numbers]) => {
    const {EventParser} = await import(`data:text/javascript,${encodeURIComponent(source)}`);
    const bytes = new Uint8Array(numbers);
    const read = (pieces) => {
        const parser = new EventParser();
        return JSON.stringify(pieces.flatMap((piece) => parser.feed(piece)));
    };
    const cuts = [...bytes.keys()].map((at) => [bytes.slice(0, at), bytes.slice(at)]);
    const singles = [...bytes].map((byte) => new Uint8Array([byte]));
    return [[bytes], ...cuts, singles].map(read);
}"""

STREAMS = {
    "one event": ("event: a\ndata: 1\n\n", '[{"name":"a","data":"1"}]'),
    "no name": ("data: 1\n\n", '[{"name":"message","data":"1"}]'),
    "no space": ("event:a\ndata:1\n\n", '[{"name":"a","data":"1"}]'),
    "only one space goes": ("data:  1 \n\n", '[{"name":"message","data":" 1 "}]'),
    "several lines": ("data: 1\ndata\ndata: 2\n\n", '[{"name":"message","data":"1\\n\\n2"}]'),
    "a name holds for one event": (
        "event: a\ndata: 1\n\ndata: 2\n\n",
        '[{"name":"a","data":"1"},{"name":"message","data":"2"}]',
    ),
    "a name alone is no event": (
        "event: a\n\ndata: 2\n\n",
        '[{"name":"message","data":"2"}]',
    ),
    "comments and what is unknown": (
        ": still here\n\nid: 7\nretry: 1\ndata: 1\n\n",
        '[{"name":"message","data":"1"}]',
    ),
    "CR LF": (
        "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n",
        '[{"name":"a","data":"1"},{"name":"message","data":"2"}]',
    ),
    "characters of several bytes": (
        "data: 你好 🙂 é\n\n",
        '[{"name":"message","data":"你好 🙂 é"}]',
    ),
    "a byte order mark": ("\ufeffdata: 1\n\n", '[{"name":"message","data":"1"}]'),
    "separators that end no line": (
        "data: a\u2028b\x0bc\n\n",
        '[{"name":"message","data":"a\u2028b\\u000bc"}]',
    ),
    "what is not complete": ("data: 1\n\ndata: 2\n", '[{"name":"message","data":"1"}]'),
    "nothing": ("", "[]"),
}


@pytest.mark.parametrize("name", STREAMS)
def test_where_the_pieces_are_cut_makes_no_difference(browser: Browser, name: str) -> None:
    text, events = STREAMS[name]
    page = browser.new_page()
    told = page.evaluate(READ, [MODULE.read_text("utf-8"), list(text.encode())])
    page.close()
    assert set(told) == {events}
