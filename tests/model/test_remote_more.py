"""Fields sent along with single questions, and limits that last longer than one command."""

from pathlib import Path

import pytest

from model.fake_endpoint import endpoint
from model.remote_asking import ask_remote, open_remote_at, questions
from taskfit.core.errors import LimitReached
from taskfit.core.meter import Meter
from taskfit.model.remote import open_remote
from taskfit.model.remote_settings import RemoteSettings


def test_more_fields_are_sent_and_make_another_question(tmp_path: Path):
    with endpoint() as fake:
        model = open_remote_at(fake, tmp_path / "answers.jsonl")
        ask_remote(model, "a")
        for _ in range(2):
            model.generate(questions("a"), max_tokens=16, meter=Meter(), more={"temperature": 1.0, "stop": ["16."]})
    plain, other = fake.requests
    assert (plain["temperature"], other["temperature"], other["stop"]) == (0.0, 1.0, ["16."])


def test_a_lasting_limit_counts_what_the_cache_has_cost(tmp_path: Path):
    cache = tmp_path / "answers.jsonl"
    with endpoint() as fake:
        ask_remote(open_remote_at(fake, cache, concurrency=1), *"abc")  # 7 tokens in and 3 out each
        settings = RemoteSettings(url=fake.url, model="fake", max_money=50, price_in=1e6, price_out=2e6)
        model = open_remote(settings, cache=cache, lasting=True)
        assert (model.purse.requests, model.purse.money) == (3, 39.0)
        with pytest.raises(LimitReached, match="39"):
            ask_remote(model, "d")
        assert len(fake.requests) == 3
