"""The same checks on two workers of Ray: equal findings."""

import pytest

from doctor_rows import clean, pair, talk
from taskfit.core.errors import UsageError
from taskfit.data.check import checks_of
from taskfit.data.checking import Means
from taskfit.data.examine import able, chunks_of, conclude, examine
from taskfit.data.on_ray import examine_on_ray


def rows():
    torn = [talk(n, f"number {n}", "I'm sorry, but I cannot help.") for n in range(20)]
    torn += [pair(n, f"q {n}", "the same", "The same!") for n in range(20, 25)]
    return [*clean(200), *torn, *clean(30), talk(99, "hi")]


def test_without_ray_it_says_what_to_install():
    try:
        import ray  # noqa: F401
    except ImportError:
        with pytest.raises(UsageError, match=r"pip install 'taskfit\[ray\]'"):
            examine_on_ray(chunks_of(rows()), {}, Means())
    else:
        pytest.skip("ray is installed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_workers_find_what_one_process_finds():
    pytest.importorskip("ray", reason="the package ray is not installed (extra 'ray')")
    checks, means, told = able(checks_of(), Means()), Means(), []
    here = examine(chunks_of(rows(), 16), checks, means)
    there = examine_on_ray(chunks_of(rows(), 16), checks, means, told=told.append, workers=2)
    assert conclude(there, checks, means) == conclude(here, checks, means)
    assert there.kinds == here.kinds
    assert told[-1] == len(rows())
