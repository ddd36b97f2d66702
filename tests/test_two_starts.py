"""One setting climbs every rung from two models on the same rows, side by side."""

import json
from pathlib import Path

from climbing import ended, start, write_task
from tiny_models import TinyModels
from tiny_models import tiny as tiny

RUNGS = "rungs: [zero_shot, head]\nseeds: 1\ntrials: 1\n"


def test_rungs_from_a_base_and_from_a_chat_model_stand_in_one_report(tiny: TinyModels, tmp_path: Path) -> None:
    base, chat = tiny.folder("llama", chat=False), tiny.folder("llama", chat=True)
    write_task(tmp_path / "two", base, f"beside: {chat}\n{RUNGS}")
    assert ended(start(["climb", "task.yaml"], tmp_path / "two")) == 0
    [run] = (tmp_path / "two" / "runs").glob("two-*")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    second = f"-from-{chat.name}"
    names = [one["rung"] for one in report["measurements"]]
    assert sorted(names) == sorted(["zero_shot", "head", f"zero_shot{second}", f"head{second}"])
    pairs = {(one["old"], one["new"]) for one in report["comparisons"]}
    assert any({"head", f"head{second}"} == set(pair) for pair in pairs)
    assert ended(start(["climb", "task.yaml", "--run", str(run)], tmp_path / "two")) == 0
    assert "finished before, kept" in (tmp_path / "two" / "told.txt").read_text(encoding="utf-8")
