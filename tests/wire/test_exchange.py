from amq2api.wire.exchange import Answer, Ask

SECRET = "aoa-not-to-be-seen"


def test_secrets_stay_out_of_sight() -> None:
    headers = {"authorization": SECRET}
    ask = Ask("https://q.example/", SECRET.encode(), headers)
    answer = Answer(200, SECRET.encode(), headers)
    assert SECRET not in repr(ask) and "https://q.example/" in repr(ask)
    assert SECRET not in repr(answer) and "200" in repr(answer)
