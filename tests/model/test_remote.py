"""A remote model is asked patiently and within limits, is never paid twice, and never makes an answer up."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from model.fake_endpoint import FakeEndpoint, Reply, echo, endpoint, error, nearest_demonstration, said
from taskfit.core.errors import DiskError, ModelError, UsageError
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, Model
from taskfit.core.text import speak
from taskfit.model.remote import RemoteModel, open_remote
from taskfit.model.remote_settings import RemoteSettings

KEY = "sk-very-secret-0123456789"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def _open(fake: FakeEndpoint, cache: Path | None = None, **settings: Any) -> RemoteModel:
    return open_remote(RemoteSettings(url=fake.url, model="fake", **{"wait_seconds": 0.001, **settings}), cache=cache)


def _questions(*texts: str) -> list[list[Message]]:
    return [[Message("system", "Answer."), Message("user", text)] for text in texts]


def _ask(model: Model, *texts: str, meter: Meter | None = None) -> list[Generation]:
    return model.generate(_questions(*texts), max_tokens=16, meter=meter or Meter())


def test_answers_in_order_and_counts_what_was_used():
    texts = [f"q{number}" for number in range(9)]
    meter = Meter()
    with endpoint() as fake:
        answers = _ask(_open(fake, price_in=1e6, price_out=2e6), *texts, meter=meter)
    assert [one.text for one in answers] == [f"echo: {text}" for text in texts]
    assert {(one.tokens_in, one.tokens_out, one.finish) for one in answers} == {(7, 3, "stop")}
    assert all(one.seconds > 0 for one in answers)
    assert (meter.requests, meter.tokens, meter.money, meter.cache_hits) == (9, 90, 9 * 13.0, 0)
    assert meter.notes == {}


def test_sends_what_was_set():
    with endpoint() as fake:
        _ask(_open(fake, seed=3), "q")
        _ask(_open(fake, temperature=None, limit_name="max_completion_tokens", key_env=""), "q")
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "q"}]
    assert fake.requests == [
        {"model": "fake", "messages": messages, "max_tokens": 16, "seed": 3, "temperature": 0.0},
        {"model": "fake", "messages": messages, "max_completion_tokens": 16, "seed": 0},
    ]
    assert fake.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in fake.headers[1]


def test_nothing_is_sent_before_a_question():
    with endpoint() as fake:
        card = _open(fake).card
        assert _ask(_open(fake)) == []
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
        _ask(_open(fake, concurrency=3), *"abcdefghi")
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
        assert _ask(_open(fake), "q", meter=meter)[0].text == "echo: q"
    assert meter.requests == len(fake.requests) == 3


def test_waits_as_long_as_the_server_asks():
    with endpoint(script=[error(429, Retry_After="1")]) as fake:
        _ask(_open(fake), "q")
    assert fake.times[1] - fake.times[0] >= 1.0


def test_waits_until_the_date_the_server_names():
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with endpoint(script=[error(503, Retry_After=later)]) as fake:
        _ask(_open(fake), "q")
    assert fake.times[1] - fake.times[0] >= 0.8


@pytest.mark.parametrize("header", ["-5", "nan", "soon", "1e9", ""])
def test_a_senseless_wait_is_not_waited_for(header: str):
    with endpoint(script=[error(429, Retry_After=header)]) as fake:
        assert _ask(_open(fake), "q")[0].finish == "stop"


def test_a_wait_of_hours_ends_the_work():
    limited = [error(429, "daily limit", Retry_After="86400")]
    with endpoint(script=limited) as fake, pytest.raises(ModelError, match=r"86400 s \(daily limit\)"):
        _ask(_open(fake), "q")


def test_a_failed_question_says_why_and_the_others_are_answered():
    def answer(messages: Any) -> Reply:
        return error(400, "too long") if messages[-1]["content"] == "b" else echo(messages)

    with endpoint(answer) as fake:
        answers = _ask(_open(fake), "a", "b", "c")
    assert [one.finish for one in answers] == ["stop", "error", "stop"]
    assert answers[1].text == "HTTP 400: too long"
    assert len(fake.requests) == 3


def test_no_answer_at_all_is_an_error():
    with endpoint(lambda messages: error(500, "broken")) as fake, pytest.raises(ModelError, match="HTTP 500: broken"):
        _ask(_open(fake, retries=1), "a", "b")
    assert len(fake.requests) == 4


def test_gives_up_when_nothing_but_failures_comes():
    with endpoint(lambda messages: error(500)) as fake, pytest.raises(ModelError, match="not answered"):
        _ask(_open(fake, retries=0, concurrency=1), *[f"q{number}" for number in range(200)])
    assert len(fake.requests) < 20


@pytest.mark.parametrize("reply", [error(401), error(404), error(402), error(429, code="insufficient_quota")])
def test_what_is_hopeless_is_not_repeated(reply: Reply):
    with endpoint(lambda messages: reply) as fake, pytest.raises(ModelError, match="HTTP 4"):
        _ask(_open(fake, concurrency=1), *[f"q{number}" for number in range(50)])
    assert len(fake.requests) < 5


def test_a_missing_key_is_named_when_access_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with endpoint(lambda messages: error(401)) as fake, pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        _ask(_open(fake), "q")


def test_a_dead_address_is_an_error():
    with endpoint() as fake:
        pass
    with pytest.raises(ModelError, match="the connection failed"):
        _ask(_open(fake, retries=1), "q")


def test_a_slow_answer_is_given_up():
    with endpoint(lambda messages: Reply(seconds=0.5)) as fake, pytest.raises(ModelError, match=r"within 0\.1 s"):
        _ask(_open(fake, timeout_seconds=0.1, retries=1), "q")


def test_an_answer_that_drips_is_given_up():
    drip = Reply(body=said("x" * 100).body, pieces=40)
    with endpoint(lambda messages: drip) as fake, pytest.raises(ModelError, match="too slowly"):
        _ask(_open(fake, timeout_seconds=0.3, retries=0), "q")


def test_a_huge_answer_is_refused():
    with endpoint(lambda messages: said("x" * 9_000_000)) as fake, pytest.raises(ModelError, match="larger than"):
        _ask(_open(fake), "q")
    assert len(fake.requests) == 1


def test_redirects_are_not_followed():
    with endpoint() as other:
        away = Reply(307, "", {"Location": f"{other.url}/chat/completions"})
        with endpoint(lambda messages: away) as fake, pytest.raises(ModelError, match="not followed"):
            _ask(_open(fake), "q")
    assert other.requests == []


def test_missing_counts_are_estimated_and_said_so():
    meter = Meter()
    with endpoint(lambda messages: said("好吃的面", usage=False)) as fake:
        answer = _ask(_open(fake), "q", meter=meter)[0]
    assert (answer.tokens_in, answer.tokens_out) == (4 + 2 + 4 + 1, 4)
    assert meter.notes == {"answers_with_estimated_tokens": 1}


@pytest.mark.parametrize("usage", [{"prompt_tokens": -1, "completion_tokens": 1}, {"prompt_tokens": True}, "many", [1]])
def test_impossible_counts_are_not_believed(usage: object):
    body = {**said("x").body, "usage": usage}  # type: ignore[dict-item]
    meter = Meter()
    with endpoint(lambda messages: Reply(body=body)) as fake:
        _ask(_open(fake), "q", meter=meter)
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
        answer = _ask(_open(fake), "q", "other")[0]
    assert (answer.text, answer.finish) == expected


def test_a_second_run_costs_nothing(tmp_path: Path):
    cache, meter = tmp_path / "deep" / "answers.jsonl", Meter()
    with endpoint() as fake:
        first = _ask(_open(fake, cache), "a", "b", "好")
        assert _ask(_open(fake, cache), "a", "b", "好", meter=meter) == first
        assert len(fake.requests) == 3
        _ask(_open(fake, cache, seed=1), "a")
        _open(fake, cache).generate(_questions("a"), max_tokens=17, meter=Meter())
    assert (meter.requests, meter.tokens, meter.cache_hits, meter.notes) == (0, 0, 3, {})
    assert len(fake.requests) == 5


def test_the_same_question_is_asked_once():
    meter = Meter()
    with endpoint() as fake:
        answers = _ask(_open(fake), "a", "b", "a", meter=meter)
    assert [one.text for one in answers] == ["echo: a", "echo: b", "echo: a"]
    assert (len(fake.requests), meter.requests, meter.cache_hits) == (2, 2, 1)


def test_failures_are_not_kept(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint(script=[error(400)]) as fake:
        with pytest.raises(ModelError):
            _ask(_open(fake, cache), "a")
        assert _ask(_open(fake, cache), "a")[0].text == "echo: a"


def test_a_torn_last_line_costs_one_answer(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint() as fake:
        _ask(_open(fake, cache, concurrency=1), "a", "b", "c")
        cache.write_bytes(cache.read_bytes()[:-20])
        meter = Meter()
        for _ in range(2):
            answers = _ask(_open(fake, cache), "a", "b", "c", meter=meter)
            assert [one.text for one in answers] == ["echo: a", "echo: b", "echo: c"]
    assert len(fake.requests) == 4
    assert meter.notes == {"cache_lines_skipped": 1}


def test_answers_survive_a_kill(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    program = (
        "import sys; from taskfit.core.example import Message; from taskfit.core.meter import Meter\n"
        "from pathlib import Path; from taskfit.model.remote import open_remote\n"
        "from taskfit.model.remote_settings import RemoteSettings\n"
        "model = open_remote(RemoteSettings(url=sys.argv[1], model='fake', concurrency=2), cache=Path(sys.argv[2]))\n"
        "prompts = [[Message('user', f'q{number}')] for number in range(200)]\n"
        "model.generate(prompts, max_tokens=16, meter=Meter())\n"
    )
    with endpoint(lambda messages: Reply(body=echo(messages).body, seconds=0.02)) as fake:
        child = subprocess.Popen([sys.executable, "-c", program, fake.url, str(cache)])
        while not cache.exists() or len(cache.read_bytes().splitlines()) < 10:
            time.sleep(0.01)
            assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        asked = len(fake.requests)
        model, meter = _open(fake, cache), Meter()
        answers = model.generate([[Message("user", f"q{n}")] for n in range(asked)], max_tokens=16, meter=meter)
    assert [one.text for one in answers] == [f"echo: q{number}" for number in range(asked)]
    assert meter.cache_hits >= 10
    assert meter.requests <= 2  # those under way when it was killed


def test_an_unwritable_cache_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with endpoint() as fake, pytest.raises(DiskError, match="cannot write"):
        _ask(_open(fake, tmp_path / "file" / "answers.jsonl"), "q")


def test_stops_at_the_limit_of_requests_and_goes_on_later(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint() as fake:
        with pytest.raises(ModelError, match=r"max_requests = 3 is reached: 3 requests, 30 tokens.*3 of 5 new answers"):
            _ask(_open(fake, cache, max_requests=3), *"abcde")
        assert len(_ask(_open(fake, cache, max_requests=2), *"abcde")) == 5
    assert len(fake.requests) == 5


def test_ctrl_c_does_not_wait_for_pauses():
    class Interrupted(Meter):
        def add(self, **used: Any) -> None:
            if used.get("requests"):
                raise KeyboardInterrupt

    patient = error(429, Retry_After="60")
    begin = time.monotonic()

    def answer(messages: Any) -> Reply:
        return patient if messages[-1]["content"] == "a" else echo(messages)

    with endpoint(answer) as fake, pytest.raises(KeyboardInterrupt):
        _ask(_open(fake, concurrency=2), *"abcdef", meter=Interrupted())
    assert time.monotonic() - begin < 10


def test_repetitions_count_as_requests():
    with endpoint(lambda messages: error(500)) as fake, pytest.raises(ModelError, match="max_requests = 2"):
        _ask(_open(fake, max_requests=2), "q")
    assert len(fake.requests) == 2


def test_never_spends_more_than_the_limit():
    # An answer costs 13; before it is asked for, 11 tokens read and 16 to write are set aside: 43.
    with endpoint() as fake, pytest.raises(ModelError, match=r"max_money = 100 is reached.*65\.0000 money"):
        _ask(_open(fake, max_money=100, price_in=1e6, price_out=2e6, concurrency=1), *"abcdefgh")
    assert len(fake.requests) == 5


def test_the_limit_is_told_in_chinese():
    with endpoint() as fake, pytest.raises(ModelError) as caught:
        _ask(_open(fake, max_requests=1), "a", "b")
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
        model = _open(fake, cache)
        answers = _ask(model, "a", "b")
        with pytest.raises(ModelError) as caught:
            _ask(model, "b")
    everywhere = [str(answers), cache.read_text(), str(caught.value), caplog.text, str(vars(model)), str(model.card)]
    assert answers[1].text == "HTTP 400: bad key ***"
    assert not [text for text in everywhere if KEY in text]


def test_a_servers_message_cannot_steer_the_terminal():
    evil = error(400, "\x1b[2J\u202eevil\r\n" + "x" * 10_000)
    with endpoint(lambda messages: evil) as fake, pytest.raises(ModelError) as caught:
        _ask(_open(fake), "q")
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
        answers = _open(fake).generate(asked, max_tokens=4, meter=Meter())
    assert [one.text for one in answers] == ["good", "bad"]
