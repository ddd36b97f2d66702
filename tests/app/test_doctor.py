"""What the doctor finds of this machine."""

from pathlib import Path

from taskfit import __version__
from taskfit.app.doctor import doctor


def test_finds_versions_threads_memory_and_disk(tmp_path: Path) -> None:
    facts = {str(fact.name): fact for fact in doctor(tmp_path / "not" / "yet")}
    assert facts["taskfit"].value.startswith(__version__)
    assert facts["torch"].state == "fine"
    assert "/" in facts["threads to use / cores"].value
    assert facts[f"disk free at {tmp_path}"].value.endswith("GB")


def test_says_when_there_is_no_room_for_runs() -> None:
    facts = [fact for fact in doctor(Path("/proc/runs")) if str(fact.name).startswith("disk free")]
    assert [fact.state == "fine" for fact in facts] == [False]
