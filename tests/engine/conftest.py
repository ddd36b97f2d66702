"""Tiny models and one thread for the tests of this folder."""

import pytest
import torch

from tiny_models import tiny as tiny


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Compute on one thread: bits are equal from run to run, and a busy machine is not made busier."""
    torch.set_num_threads(1)
