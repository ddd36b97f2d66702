"""Fixtures for all tests: where real rows and small real models lie, when they are there."""

import os
from pathlib import Path

import pytest

from taskfit.core.text import speak

ROOT = Path(__file__).resolve().parents[1]


def _shared(variable: str, folder: str) -> Path:
    path = Path(os.environ.get(variable) or ROOT.parent / "shared" / folder)
    if not path.is_dir():
        pytest.skip(f"no {folder} for tests at {path} (set {variable} to a folder that has them)")
    return path


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real rows, or skip."""
    return _shared("TASKFIT_TEST_DATA", "data")


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """The folder of small real models, or skip."""
    return _shared("TASKFIT_TEST_MODELS", "models")


@pytest.fixture(scope="session", autouse=True)
def _quiet_libraries() -> None:
    """Keep every test offline and on one thread."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(autouse=True)
def _english() -> None:
    """Start every test in English, whatever the one before it left."""
    speak("en")
