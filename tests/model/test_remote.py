"""A remote model is asked patiently and within limits, is never paid twice, and never makes an answer up."""

import json
import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from model.fake_endpoint import Reply, echo, endpoint, error, nearest_demonstration, said
from model.remote_asking import KEY, ask_remote, open_remote_at
from taskfit.core.errors import ModelError, UsageError
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.text import speak
from taskfit.model.remote import open_remote
from taskfit.model.remote_settings import RemoteSettings


def test_answers_in_order_and_counts_what_was_used():
    texts = [f"q{number}" for number in range(9)]
    meter = Meter()
    with endpoint() as fake:
        answers = ask_remote(open_remote_at(fake, price_in=1e6, price_out=2e6), *texts, meter=meter)
    assert [one.text for one in answers] == [f"echo: {text}" for text in texts]
    assert {(one.tokens_in, one.tokens_out, one.finish) for one in answers} == {(7, 3, "stop")}
    assert all(one.seconds > 0 for one in answers)
    assert (meter.requests, meter.tokens, meter.money, meter.cache_hits) == (9, 90, 9 * 13.0, 0)
    assert meter.notes == {}


def test_sends_what_was_set():
    with endpoint() as fake:
        ask_remote(open_remote_at(fake, seed=3), "q")
        ask_remote(open_remote_at(fake, temperature=None, limit_name="max_completion_tokens", key_env=""), "q")
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "q"}]
    assert fake.requests == [
        {"model": "fake", "messages": messages, "max_tokens": 16, "seed": 3, "temperature": 0.0},
        {"model": "fake", "messages": messages, "max_completion_tokens": 16, "seed": 0},
    ]
    assert fake.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in fake.headers[1]


def test_nothing_is_sent_before_a_question():
    with endpoint() as fake:
        card = open_remote_at(fake).card
        assert ask_remote(open_remote_at(fake)) == []
    assert fake.requests == []
    assert (card.architecture, card.abilities, card.name) == ("remote", {"generate"}, "fake")


def test_the_fingerprint_tells_addresses_and_names_apart():
    cards = [
        open_remote(RemoteSettings(url=url, model=name, key_env="")).card.fingerprint
        for url, name in [("http://a/v1", "x"), ("http://a/v1/", "x"), ("http://b/v1", "x"), ("http://a/v1", "y")]
    ]
    assert cards[0] == cards[1]
    assert len(set(cards)) == 3


def test_asks_as_many_at_once_as_allowed():
    with endpoint(lambda messages: Reply(body=said("x").body, seconds=0.05)) as fake:
        ask_remote(open_remote_at(fake, concurrency=3), *"abcdefghi")
    assert fake.most_at_once == 3


@pytest.mark.parametrize(
    "trouble",
    [
        error(429),
        error(500),
        error(503, Retry_After="0"),
        Reply(502, "<html>bad gateway</html>"),
        Reply(drop=True),
        Reply(body='{"choices": [{"mess'),
        Reply(body=b"\xff\xfe"),
        Reply(body={"choices": []}),
        Reply(body=[]),
        Reply(body={"choices": [{"message": {"content": 5}}]}),
        Reply(body={"error": {"message": "busy", "code": 503}}),
        Reply(body="[" * 100_000),
    ],
    ids=lambda reply: f"{reply.status} {str(reply.body)[:20]}",
)
def test_trouble_that_passes_is_sat_out(trouble: Reply):
    meter = Meter()
    with endpoint(script=[trouble, trouble]) as fake:
        assert ask_remote(open_remote_at(fake), "q", meter=meter)[0].text == "echo: q"
    assert meter.requests == len(fake.requests) == 3


def test_waits_as_long_as_the_server_asks():
    with endpoint(script=[error(429, Retry_After="1")]) as fake:
        ask_remote(open_remote_at(fake), "q")
    assert fake.times[1] - fake.times[0] >= 1.0


def test_waits_until_the_date_the_server_names():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with endpoint(script=[error(503, Retry_After=later)]) as fake:
        ask_remote(open_remote_at(fake), "q")
    assert fake.times[1] - fake.times[0] >= 0.8


@pytest.mark.parametrize("header", ["-5", "nan", "soon", "1e9", ""])
def test_a_senseless_wait_is_not_waited_for(header: str):
    with endpoint(script=[error(429, Retry_After=header)]) as fake:
        assert ask_remote(open_remote_at(fake), "q")[0].finish == "stop"


def test_a_wait_of_hours_ends_the_work():
    limited = [error(429, "daily limit", Retry_After="86400")]
    with endpoint(script=limited) as fake, pytest.raises(ModelError, match=r"86400 s \(daily limit\)"):
        ask_remote(open_remote_at(fake), "q")


def test_a_failed_question_says_why_and_the_others_are_answered():
    def answer(messages: Any) -> Reply:
        return error(400, "too long") if messages[-1]["content"] == "b" else echo(messages)

    with endpoint(answer) as fake:
        answers = ask_remote(open_remote_at(fake), "a", "b", "c")
    assert [one.finish for one in answers] == ["stop", "error", "stop"]
    assert answers[1].text == "HTTP 400: too long"
    assert len(fake.requests) == 3


def test_no_answer_at_all_is_an_error():
    with endpoint(lambda messages: error(500, "broken")) as fake, pytest.raises(ModelError, match="HTTP 500: broken"):
        ask_remote(open_remote_at(fake, retries=1), "a", "b")
    assert len(fake.requests) == 4


def test_gives_up_when_nothing_but_failures_comes():
    with endpoint(lambda messages: error(500)) as fake, pytest.raises(ModelError, match="not answered"):
        ask_remote(open_remote_at(fake, retries=0, concurrency=1), *[f"q{number}" for number in range(200)])
    assert len(fake.requests) == 8


@pytest.mark.parametrize("reply", [error(401), error(404), error(402), error(429, code="insufficient_quota")])
def test_what_is_hopeless_is_not_repeated(reply: Reply):
    with endpoint(lambda messages: reply) as fake, pytest.raises(ModelError, match="HTTP 4"):
        ask_remote(open_remote_at(fake, concurrency=1), *[f"q{number}" for number in range(50)])
    assert len(fake.requests) == 1


def test_a_missing_key_is_named_when_access_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with endpoint(lambda messages: error(401)) as fake, pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        ask_remote(open_remote_at(fake), "q")


def test_a_dead_address_is_an_error():
    with endpoint() as fake:
        pass
    with pytest.raises(ModelError, match="the connection failed"):
        ask_remote(open_remote_at(fake, retries=1), "q")


def test_a_slow_answer_is_given_up():
    with endpoint(lambda messages: Reply(seconds=0.5)) as fake, pytest.raises(ModelError, match=r"within 0\.1 s"):
        ask_remote(open_remote_at(fake, timeout_seconds=0.1, retries=1), "q")


def test_an_answer_that_drips_is_given_up():
    drip = Reply(body=said("x" * 100).body, pieces=40)
    with endpoint(lambda messages: drip) as fake, pytest.raises(ModelError, match="too slowly"):
        ask_remote(open_remote_at(fake, timeout_seconds=0.3, retries=0), "q")


def test_a_huge_answer_is_refused():
    with endpoint(lambda messages: said("x" * 9_000_000)) as fake, pytest.raises(ModelError, match="larger than"):
        ask_remote(open_remote_at(fake), "q")
    assert len(fake.requests) == 1


def test_redirects_are_not_followed():
    with endpoint() as other:
        away = Reply(307, "", {"Location": f"{other.url}/chat/completions"})
        with endpoint(lambda messages: away) as fake, pytest.raises(ModelError, match="not followed"):
            ask_remote(open_remote_at(fake), "q")
    assert other.requests == []


def test_missing_counts_are_estimated_and_said_so():
    meter = Meter()
    with endpoint(lambda messages: said("好吃的面", usage=False)) as fake:
        answer = ask_remote(open_remote_at(fake), "q", meter=meter)[0]
    assert (answer.tokens_in, answer.tokens_out) == (4 + 2 + 4 + 1, 4)
    assert meter.notes == {"answers_with_estimated_tokens": 1}


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": True}, "many", [1]])
def test_impossible_counts_are_not_believed(usage: object):
    body = {**said("x").body, "usage": usage}  # type: ignore[dict-item]
    meter = Meter()
    with endpoint(lambda messages: Reply(body=body)) as fake:
        ask_remote(open_remote_at(fake), "q", meter=meter)
    assert meter.notes == {"answers_with_estimated_tokens": 1}


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (said("cut", finish="length"), ("cut", "length")),
        (said(None, finish="length"), ("", "length")),
        (said(None, refusal="I cannot."), ("I cannot.", "stop")),
        (said("", finish="content_filter"), ("the endpoint's content filter withheld the answer", "error")),
        (Reply(body=json.dumps(said("a\ud800b").body)), ("a?b", "stop")),
    ],
)
def test_reads_unusual_answers(reply: Reply, expected: tuple[str, str]):
    with endpoint(lambda messages: reply if messages[-1]["content"] == "q" else echo(messages)) as fake:
        answer = ask_remote(open_remote_at(fake), "q", "other")[0]
    assert (answer.text, answer.finish) == expected


def test_the_limit_is_told_in_chinese():
    with endpoint() as fake, pytest.raises(ModelError) as caught:
        ask_remote(open_remote_at(fake, max_requests=1), "a", "b")
    speak("zh")
    try:
        assert "已达到上限 max_requests = 1：1 次请求" in str(caught.value)
    finally:
        speak("en")


def test_the_key_appears_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    cache = tmp_path / "answers.jsonl"

    def tell(messages: Any) -> Reply:
        return error(400, f"bad key {KEY}") if messages[-1]["content"] == "b" else said(f"your key is {KEY}")

    with endpoint(tell) as fake:
        model = open_remote_at(fake, cache)
        answers = ask_remote(model, "a", "b")
        with pytest.raises(ModelError) as caught:
            ask_remote(model, "b")
    everywhere = [str(answers), cache.read_text(), str(caught.value), caplog.text, str(vars(model)), str(model.card)]
    assert answers[1].text == "HTTP 400: bad key ***"
    assert not [text for text in everywhere if KEY in text]


def test_a_servers_message_cannot_steer_the_terminal():
    evil = error(400, "\x1b[2J\u202eevil\r\n" + "x" * 10_000)
    with endpoint(lambda messages: evil) as fake, pytest.raises(ModelError) as caught:
        ask_remote(open_remote_at(fake), "q")
    message = str(caught.value)
    assert "\\x1b[2J\\u202eevil" in message
    assert not {"\x1b", "\u202e", "\r", "\n"} & set(message)
    assert len(message) < 1000


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "http://user:pass@127.0.0.1/v1"}, "without user name"),
        ({"url": "http://127.0.0.1/v1?key=1"}, "without user name"),
        ({"url": "http://example.com/v1"}, "unencrypted to example.com"),
        ({"url": "http://[::1/v1"}, "no address"),
        ({"url": "http:///v1"}, "without user name"),
        ({"url": "https://example.com/v1", "max_money": 1.0}, "price_in"),
    ],
)
def test_an_unsafe_or_impossible_address_is_refused(settings: dict[str, Any], words: str):
    with pytest.raises(UsageError, match=words):
        open_remote(RemoteSettings(model="m", **settings))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/", "127.0.0.1:8000"])
def test_only_http_addresses_are_settings(url: str):
    with pytest.raises(UsageError, match="url"):
        RemoteSettings.read({"url": url, "model": "m"})


def test_a_key_with_a_line_end_inside_is_refused_unseen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one\nsk-two")
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as caught:
        open_remote(RemoteSettings(url="http://127.0.0.1/v1", model="m"))
    assert "sk-one" not in str(caught.value)


def test_every_setting_is_explained_in_both_languages():
    for name in RemoteSettings.model_fields:
        explained = RemoteSettings.explain(name)
        assert explained.en
        assert explained.zh


def test_the_stand_in_learns_from_demonstrations():
    shown = [
        Message("system", "good or bad?"),
        Message("user", "tasty noodles"),
        Message("assistant", "good"),
        Message("user", "cold soup"),
        Message("assistant", "bad"),
    ]
    asked = [[*shown, Message("user", "tasty soup noodles")], [*shown, Message("user", "cold cold soup")]]
    with endpoint(nearest_demonstration) as fake:
        answers = open_remote_at(fake).generate(asked, max_tokens=4, meter=Meter())
    assert [one.text for one in answers] == ["good", "bad"]
