"""What the tests of remote models share: how to open one on a fake endpoint, and how to ask it."""

from pathlib import Path
from typing import Any

from model.fake_endpoint import FakeEndpoint
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, Model
from taskfit.model.remote import RemoteModel, open_remote
from taskfit.model.remote_settings import RemoteSettings

KEY = "sk-very-secret-0123456789"


def open_remote_at(fake: FakeEndpoint, cache: Path | None = None, **settings: Any) -> RemoteModel:
    return open_remote(RemoteSettings(url=fake.url, model="fake", **{"wait_seconds": 0.001, **settings}), cache=cache)


def questions(*texts: str) -> list[list[Message]]:
    return [[Message("system", "Answer."), Message("user", text)] for text in texts]


def ask_remote(model: Model, *texts: str, meter: Meter | None = None) -> list[Generation]:
    return model.generate(questions(*texts), max_tokens=16, meter=meter or Meter())
