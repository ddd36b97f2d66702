"""The first signal is a request, the second an order; handlers are put back."""

import os
import signal

import pytest

from taskfit.app.stop import SIGNALS, Stopped, stoppable


def train_until_asked() -> None:
    with stoppable() as stop:
        assert not stop()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop()
        raise KeyboardInterrupt  # as training does after it has saved


def work_on(after: list[str]) -> None:
    with stoppable():
        os.kill(os.getpid(), signal.SIGINT)
        after.append("one signal")
        os.kill(os.getpid(), signal.SIGINT)
        after.append("two signals")


def test_the_first_signal_only_asks() -> None:
    with pytest.raises(Stopped) as stopped:
        train_until_asked()
    assert stopped.value.exit_code == 143


def test_the_second_signal_ends_the_work_where_it_is() -> None:
    reached: list[str] = []
    with pytest.raises(Stopped) as stopped:
        work_on(reached)
    assert reached == ["one signal"]
    assert stopped.value.exit_code == 130


def test_work_that_ended_before_it_could_stop_ends_well() -> None:
    with stoppable():
        os.kill(os.getpid(), signal.SIGHUP)


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with stoppable():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before
