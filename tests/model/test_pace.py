"""Requests keep a pace, and all of them rest when the server asks one to wait."""

import time

from model.fake_endpoint import endpoint, error
from model.remote_asking import ask_remote, open_remote_at
from taskfit.model.pace import Pace


def test_turns_are_spread_over_the_minute():
    pace = Pace(120, clock=lambda: 10.0)
    assert [pace.turn() for _ in range(4)] == [0.0, 0.5, 1.0, 1.5]


def test_without_a_limit_nobody_waits():
    pace = Pace(clock=lambda: 10.0)
    assert [pace.turn() for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_rest_is_for_all():
    now = [10.0]
    pace = Pace(60, clock=lambda: now[0])
    pace.rest(5)
    assert [pace.turn(), pace.turn()] == [5.0, 6.0]
    now[0] = 20.0
    assert pace.turn() == 0.0


def test_requests_keep_the_limit_of_a_minute():
    with endpoint() as fake:
        ask_remote(open_remote_at(fake, per_minute=600, concurrency=4), *"abcd")
    assert min(after - before for before, after in zip(fake.times, fake.times[1:], strict=False)) > 0.05


def test_after_too_many_requests_nobody_asks_before_the_time():
    with endpoint(script=[error(429, Retry_After="1")]) as fake:
        ask_remote(open_remote_at(fake, concurrency=1), *"abc")
    begin, *later = fake.times
    assert min(later) - begin > 0.95
    assert time.monotonic() - begin < 5
