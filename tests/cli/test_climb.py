"""From a file of rows to a report, by the command that users type."""

from pathlib import Path

import pytest

from taskfit.cli.program import run


def test_a_file_of_rows_becomes_a_report(
    tmp_path: Path, shared_models: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = {"good": "fine lovely great", "bad": "awful poor wrong"}
    rows = [f"{word} {n} times,{label}" for n in range(8) for label, some in words.items() for word in some.split()]
    Path("reviews.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    model = shared_models / "stories260K-llama"
    code = run(
        ["climb", "reviews.csv", "--model", str(model), "--rungs", "zero_shot", "--threads", "1", "--seeds", "1"]
    )
    told = capsys.readouterr()
    assert (code, told.out.splitlines()[-1]) == (0, "The report: runs/reviews-0001/report.html"), told.err
    assert Path("runs/reviews-0001/report.html").is_file()
    assert run(["report", "runs/reviews-0001"]) == 0
    assert run(["climb", "runs/reviews-0001/task.yaml", "--trials", "0"]) == 2
    assert "--trials: 'trials' = '0': must be greater than or equal to 1" in capsys.readouterr().err
