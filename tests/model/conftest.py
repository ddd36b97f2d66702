"""Fixtures of the tests of models."""

import pytest

from model.remote_asking import KEY
from tiny_models import tiny as tiny


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give remote models a key, so that tests can look where it appears."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
