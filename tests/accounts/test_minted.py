from hypothesis import given
from hypothesis import strategies as st

from amq2api.accounts.minted import Minted, first, newest
from amq2api.accounts.model import Account, Token

ACCOUNT = Account(id="a", refresh_token="r", client_id="c", client_secret="s")
MOMENTS = st.lists(st.floats(-1e9, 1e12), min_size=1, max_size=16)


def line(moments: list[float], *, rotating: bool) -> list[Minted]:
    """Minted one after the other, with whatever the clock said then."""
    tokens = [
        Token(f"access {n}", f"refresh {n}" if rotating else "r", at)
        for n, at in enumerate(moments)
    ]
    minted = [first(tokens[0], ACCOUNT)]
    for token in tokens[1:]:
        minted.append(minted[-1].followed_by(token, ACCOUNT))
    return minted


@given(MOMENTS, st.data())
def test_the_last_of_a_line_is_the_newest_whatever_the_clock_said(
    moments: list[float], data: st.DataObject
) -> None:
    minted = line(moments, rotating=True)
    found = data.draw(st.lists(st.sampled_from(range(len(minted))), min_size=1))
    assert newest(*(minted[n] for n in found)) == minted[max(found)]


@given(MOMENTS)
def test_where_the_refresh_token_stays_the_same_the_clock_tells(moments: list[float]) -> None:
    found = newest(*line(moments, rotating=False))
    assert found is not None and found.token.expires_at == max(moments)


def test_of_nothing_nothing_is_the_newest() -> None:
    [minted] = line([1.0], rotating=True)
    assert newest() is None and newest(None, None) is None
    assert newest(None, minted, None) is minted
