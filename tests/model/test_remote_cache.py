"""Answers are kept, limits are held: a second run costs nothing, and no run costs more than it may."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from model.fake_endpoint import Reply, echo, endpoint, error
from model.remote_asking import ask_remote, open_remote_at, questions
from taskfit.core.errors import DiskError, ModelError
from taskfit.core.example import Message
from taskfit.core.meter import Meter


def test_a_second_run_costs_nothing(tmp_path: Path):
    cache, meter = tmp_path / "deep" / "answers.jsonl", Meter()
    with endpoint() as fake:
        first = ask_remote(open_remote_at(fake, cache), "a", "b", "好")
        assert ask_remote(open_remote_at(fake, cache), "a", "b", "好", meter=meter) == first
        assert len(fake.requests) == 3
        ask_remote(open_remote_at(fake, cache, seed=1), "a")
        open_remote_at(fake, cache).generate(questions("a"), max_tokens=17, meter=Meter())
    assert (meter.requests, meter.tokens, meter.cache_hits, meter.notes) == (0, 0, 3, {})
    assert len(fake.requests) == 5


def test_the_same_question_is_asked_once():
    meter = Meter()
    with endpoint() as fake:
        answers = ask_remote(open_remote_at(fake), "a", "b", "a", meter=meter)
    assert [one.text for one in answers] == ["echo: a", "echo: b", "echo: a"]
    assert (len(fake.requests), meter.requests, meter.cache_hits) == (2, 2, 1)


def test_failures_are_not_kept(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint(script=[error(400)]) as fake:
        with pytest.raises(ModelError):
            ask_remote(open_remote_at(fake, cache), "a")
        assert ask_remote(open_remote_at(fake, cache), "a")[0].text == "echo: a"


def test_a_torn_last_line_costs_one_answer(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint() as fake:
        ask_remote(open_remote_at(fake, cache, concurrency=1), "a", "b", "c")
        cache.write_bytes(cache.read_bytes()[:-20])
        meter = Meter()
        for _ in range(2):
            answers = ask_remote(open_remote_at(fake, cache), "a", "b", "c", meter=meter)
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
        model, meter = open_remote_at(fake, cache), Meter()
        answers = model.generate([[Message("user", f"q{n}")] for n in range(asked)], max_tokens=16, meter=meter)
    assert [one.text for one in answers] == [f"echo: q{number}" for number in range(asked)]
    assert meter.cache_hits >= 10
    assert meter.requests <= 2  # those under way when it was killed


def test_an_unwritable_cache_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with endpoint() as fake, pytest.raises(DiskError, match="cannot write"):
        ask_remote(open_remote_at(fake, tmp_path / "file" / "answers.jsonl"), "q")


def test_stops_at_the_limit_of_requests_and_goes_on_later(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint() as fake:
        with pytest.raises(ModelError, match=r"max_requests = 3 is reached: 3 requests, 30 tokens.*3 of 5 new answers"):
            ask_remote(open_remote_at(fake, cache, max_requests=3), *"abcde")
        assert len(ask_remote(open_remote_at(fake, cache, max_requests=2), *"abcde")) == 5
    assert len(fake.requests) == 5


def test_ctrl_c_does_not_wait_for_pauses():
    class Interrupted(Meter):
        def add(self, **used: Any) -> None:
            if used.get("requests"):
                raise KeyboardInterrupt

    patient = error(429, Retry_After="60")
    refused = threading.Event()
    begin = time.monotonic()

    def answer(messages: Any) -> Reply:
        # Both are asked at once; a is told to wait, and only then b is answered, which brings the interruption.
        if messages[-1]["content"] == "a":
            time.sleep(0.5)
            refused.set()
            return patient
        refused.wait(5)
        time.sleep(0.3)
        return echo(messages)

    with endpoint(answer) as fake, pytest.raises(KeyboardInterrupt):
        ask_remote(open_remote_at(fake, concurrency=2), *"ab", meter=Interrupted())
    assert time.monotonic() - begin < 10


def test_repetitions_count_as_requests():
    with endpoint(lambda messages: error(500)) as fake, pytest.raises(ModelError, match="max_requests = 2"):
        ask_remote(open_remote_at(fake, max_requests=2), "q")
    assert len(fake.requests) == 2


def test_never_spends_more_than_the_limit():
    # An answer costs 13; before it is asked for, 11 tokens read and 16 to write are set aside: 43.
    with endpoint() as fake, pytest.raises(ModelError, match=r"max_money = 100 is reached.*65\.0000 money"):
        ask_remote(open_remote_at(fake, max_money=100, price_in=1e6, price_out=2e6, concurrency=1), *"abcdefgh")
    assert len(fake.requests) == 5
