"""`taskfit data synthesize`: killed and taken up again, it makes the same rows and pays for nothing twice."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from climbing import ended, start, wait_until
from model.fake_endpoint import FakeEndpoint, Reply, endpoint, error
from taskfit.app.data.synthesize import MANIFEST, REJECTED, ROWS, synthesize_rows
from taskfit.app.data.synthesize_settings import SynthesizeSettings
from taskfit.cli.program import run
from taskfit.core.errors import DataError, UsageError
from taskfit.core.files import read_json, read_lines
from taskfit.core.text import speak
from taskfit.data.read_records import read_records
from workshop.fake_writer import Till, writer

Told = pytest.CaptureFixture[str]
FAST = ("--remote.model", "fake", "--remote.wait-seconds", "0.01", "--remote.timeout-seconds", "1")
WANTED = 60


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFIT_LANG", "en")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    yield
    speak("en")


@pytest.fixture
def fake() -> Iterator[FakeEndpoint]:
    with endpoint() as running:
        running.answer_body = writer
        yield running


def words(fake: FakeEndpoint, *more: str, how: str = "self_instruct", out: str = "made") -> list[str]:
    return ["data", "synthesize", "--how", how, "--model", fake.url, "--out", out, *FAST, *more]


def settings(fake: FakeEndpoint, **given: Any) -> SynthesizeSettings:
    remote = {"model": "fake", "key_env": "", "wait_seconds": 0.01}
    return SynthesizeSettings.read({"model": fake.url, "out": "made", "remote": remote, **given})


def write_rows(name: str, rows: list[dict[str, object]]) -> str:
    Path(name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return name


def manifest(out: str = "made") -> Any:
    return read_json(Path(out) / MANIFEST)


@pytest.mark.slow
def test_killed_twice_it_makes_the_same_rows_and_pays_for_each_request_once(tmp_path: Path) -> None:
    till = Till()
    with endpoint() as fake:
        fake.answer_body = till.answer
        asked = words(fake, "--rows", str(WANTED), "--set", "calls=2")
        for paid in (25, 60):
            till.close_at = paid
            process = start(asked, tmp_path)
            wait_until(till.closed.is_set, process)
            time.sleep(0.3)  # what was paid for has arrived
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join()
            till.reopen(None)
        assert ended(start(asked, tmp_path)) == 0
        killed = (tmp_path / "made" / ROWS).read_bytes()
        assert set(till.paid.values()) == {1}
        assert manifest()["spent"]["answers"] == len(till.paid)
        assert len(till.faults) >= 7, till.faults
        fake.answer_body = writer
        assert run(words(fake, "--rows", str(WANTED), "--set", "calls=2", out="whole")) == 0
    assert (tmp_path / "whole" / ROWS).read_bytes() == killed
    assert (tmp_path / "whole" / REJECTED).read_bytes() == (tmp_path / "made" / REJECTED).read_bytes()
    assert len(killed.splitlines()) == WANTED


def test_rows_ledger_and_manifest_tell_the_whole_story(fake: FakeEndpoint, capsys: Told) -> None:
    assert run(words(fake, "--rows", "20", "--remote.price-in", "1", "--remote.price-out", "1")) == 0
    told = capsys.readouterr().out
    assert "20 rows: made/rows.jsonl" in told
    rows = read_records("made/rows.jsonl").records
    assert len(rows) == 20
    story = manifest()
    for row in rows:
        assert row.kind == "talk"
        assert row.group
        assert {row.about[name] for name in ("recipe", "generator", "seed", "prompt")} == {
            "self_instruct",
            "fake",
            "0",
            story["prompt"],
        }
    lost = list(read_lines(Path("made") / REJECTED))
    assert {one["reason"] for one in lost} == set(story["rejected"])
    assert len(lost) == sum(story["rejected"].values()) > 0
    assert all(one["why"]["zh"] and one["said"] for one in lost)
    assert story["spent"]["money"] == pytest.approx(len(fake.requests) * 10 / 1e6)
    assert story["stopped"] is None


def test_more_rows_are_added_to_those_there_are(fake: FakeEndpoint) -> None:
    assert run(words(fake, "--rows", "10")) == 0
    first = (Path("made") / ROWS).read_text(encoding="utf-8")
    asked = len(fake.requests)
    assert run(words(fake, "--rows", "10")) == 0
    assert len(fake.requests) == asked
    assert run(words(fake, "--rows", "30")) == 0
    assert (Path("made") / ROWS).read_text(encoding="utf-8").startswith(first)


def test_other_work_in_the_same_folder_is_refused(fake: FakeEndpoint, capsys: Told) -> None:
    assert run(words(fake, "--rows", "5")) == 0
    assert run(words(fake, "--rows", "5", "--seed", "1", "--set", "calls=3")) == 2
    assert "made: was begun with another seed, set" in capsys.readouterr().err
    asked = len(fake.requests)
    assert run(words(fake, "--rows", "5", "--fresh", "--seed", "0", "--set", "calls=3")) == 0
    assert run(words(fake, "--rows", "5", "--fresh")) == 0
    assert len({str(body) for body in fake.requests}) == len(fake.requests) >= asked


def test_a_budget_stops_cleanly_and_a_larger_one_goes_on(fake: FakeEndpoint, capsys: Told) -> None:
    priced = ("--rows", "30", "--remote.price-in", "10000", "--remote.price-out", "10000", "--remote.concurrency", "1")
    assert run(words(fake, *priced, "--budget", "16")) == 0
    told = capsys.readouterr().out
    assert "stopped before the end: the limit max_money = 16 is reached" in told
    spent = manifest()["spent"]
    assert 0 < spent["money"] <= 16
    assert spent["money"] == pytest.approx(len(fake.requests) * 0.1)
    assert run(words(fake, *priced, "--budget", "100")) == 0
    assert manifest()["rows"] == 30
    assert manifest()["spent"]["requests"] == len(fake.requests) == len({str(body) for body in fake.requests})


def test_ctrl_c_keeps_all_and_says_how_to_go_on(tmp_path: Path) -> None:
    till = Till(slow_seconds=0.05, trouble=0.0)
    with endpoint() as fake:
        fake.answer_body = till.answer
        process = start(words(fake, "--rows", "500"), tmp_path)
        wait_until(lambda: sum(till.paid.values()) >= 80, process)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)
        assert ended(process, seconds=20) == 130
        told = (tmp_path / "told.txt").read_text(encoding="utf-8")
    assert "stopped; all is kept in made, the same command again goes on" in told
    story = manifest()
    assert story["stopped"]["en"] == "stopped by the user"
    assert 0 < story["rows"] < 500
    assert len((tmp_path / "made" / ROWS).read_bytes().splitlines()) == story["rows"]


def test_two_at_once_in_one_folder_are_refused(fake: FakeEndpoint, capsys: Told) -> None:
    gate = threading.Event()
    till = Till(trouble=0.0)

    def slow(body: dict[str, Any]) -> Any:
        gate.wait(20)
        return till.answer(body)

    fake.answer_body = slow
    first = threading.Thread(target=synthesize_rows, args=(settings(fake, rows=3),))
    first.start()
    while not fake.requests:
        assert first.is_alive()
        time.sleep(0.01)
    assert run(words(fake, "--rows", "3")) == 6
    gate.set()
    first.join()
    assert "is working in this run folder" in capsys.readouterr().err


def test_all_wrong_settings_are_told_before_anything_is_asked(fake: FakeEndpoint, capsys: Told) -> None:
    assert run(words(fake, how="self_instrukt")) == 2
    assert "did you mean 'self_instruct'" in capsys.readouterr().err
    assert run(words(fake, how="questions")) == 2
    assert "name it with --material" in capsys.readouterr().err
    assert run(words(fake, "--set", "cals=2")) == 2
    assert "did you mean 'calls'" in capsys.readouterr().err
    assert run(words(fake, "--budget", "3")) == 2
    assert "price_in" in capsys.readouterr().err
    assert run(["data", "synthesize", "--model", "tiny", "--remote.model", "x"]) == 2
    assert "'model' is no address" in capsys.readouterr().err
    assert fake.requests == []


def test_documents_of_a_folder_become_questions_in_their_language(fake: FakeEndpoint) -> None:
    Path("docs/deep").mkdir(parents=True)
    Path("docs/a.md").write_text("老磨坊建于1871年，曾为九个村子磨面，直到河上修了水坝才停用。", encoding="utf-8")
    Path("docs/deep/b.txt").write_bytes("蜜蜂用舞蹈告诉同伴花在哪里，舞蹈的角度就是花与太阳的夹角。".encode("gb18030"))
    assert run(words(fake, "--material", "docs", how="questions")) == 0
    rows = read_records("made/rows.jsonl").records
    assert {row.about["source"] for row in rows} == {"a.md", "deep/b.txt"}
    assert {row.about["lang"] for row in rows} == {"zh"}
    assert manifest()["rejected"]["not_in_document"] > 0


def test_rows_of_any_shape_are_answered_and_bad_ones_are_told(fake: FakeEndpoint, capsys: Told) -> None:
    rows: list[dict[str, object]] = [{"instruction": f"Name river {n}", "input": "", "output": "?"} for n in range(5)]
    write_rows("rows.jsonl", [*rows, {"instruction": 7, "input": "", "output": None}])
    assert run(words(fake, "--material", "rows.jsonl", how="answers")) == 0
    assert "1 rows of the material cannot be used" in capsys.readouterr().err
    made = read_records("made/rows.jsonl").records
    assert [row.prompt for row in made] == [f"Name river {n}" for n in range(5)]
    assert len(list(read_lines(Path("made/not-read.jsonl")))) == 1


def test_a_prompt_that_is_refused_for_its_own_sake_is_told_and_the_others_go_on(fake: FakeEndpoint) -> None:
    write_rows("rows.jsonl", [{"prompt": f"Name river {n}"} for n in range(4)])
    fake.answer_body = lambda body: (
        error(400, "not this one") if "river 2" in body["messages"][-1]["content"] else writer(body)
    )
    assert run(words(fake, "--material", "rows.jsonl", "--set", "batch=1", how="answers")) == 0
    [lost] = read_lines(Path("made") / REJECTED)
    assert (lost["reason"], lost["parent"]) == ("no_answer", "rows.jsonl:3")
    assert "not this one" in lost["said"]["answer"]
    assert manifest()["rows"] == 3


def test_a_server_that_is_gone_is_an_error_and_costs_no_rows(fake: FakeEndpoint, capsys: Told) -> None:
    write_rows("rows.jsonl", [{"prompt": f"Name river {n}"} for n in range(4)])
    asked = words(fake, "--material", "rows.jsonl", "--set", "batch=1", "--remote.retries", "1", how="answers")
    fake.answer_body = lambda body: Reply(drop=True) if "river 2" in body["messages"][-1]["content"] else writer(body)
    assert run(asked) == 4
    assert "the connection failed" in capsys.readouterr().err
    assert (manifest()["rows"], manifest()["rejected"]) == (2, {})
    fake.answer_body = writer
    assert run(asked) == 0
    assert manifest()["rows"] == 4


def test_a_judge_sets_rows_aside_and_is_paid_from_the_same_budget(fake: FakeEndpoint) -> None:
    given = settings(
        fake,
        rows=20,
        judge="strict",
        least=4,
        budget=1.0,
        remote={"model": "fake", "key_env": "", "price_in": 10, "price_out": 10},
    )
    story = synthesize_rows(given).manifest
    assert story["judge"] == ["strict"]
    assert story["rejected"]["low_score"] > 0
    assert {body["model"] for body in fake.requests} == {"fake", "strict"}
    assert story["spent"]["requests"] == len(fake.requests)
    assert story["spent"]["money"] == pytest.approx(len(fake.requests) * 10 * 10 / 1e6)
    for row in read_records("made/rows.jsonl").records:
        assert float(row.about["judge_score"]) >= 4
        assert row.about["judge"] == "strict"


def test_a_judge_is_held_against_people(fake: FakeEndpoint, capsys: Told) -> None:
    rows = [{"instruction": f"Name river {n}", "input": "", "output": f"River {n}"} for n in range(40)]
    write_rows("rows.jsonl", [{**row} for row in rows])
    assert run(words(fake, "--material", "rows.jsonl", out="first", how="judge")) == 0
    judged = {row["parent"]: row["said"]["score"] for row in read_lines(Path("first") / REJECTED)}
    places = {f"rows.jsonl:{n + 1}" for n in range(40)}
    assert set(judged) < places
    people = [
        {**row, "stars": 2 if f"rows.jsonl:{n + 1}" in judged else 5, "other": "none"} for n, row in enumerate(rows)
    ]
    write_rows("rows.jsonl", people)
    capsys.readouterr()
    assert run(words(fake, "--material", "rows.jsonl", "--people", "stars", how="judge")) == 0
    told = capsys.readouterr().out
    assert "judge and people on 40 rows: kappa 0." in told
    assert "100% equal decisions: the judge may stand for people" in told
    assert manifest()["agreement"]["agreement"]["kappa"] > 0.8
    with pytest.raises(DataError, match="no row has a number in 'other'"):
        synthesize_rows(settings(fake, how="judge", material="rows.jsonl", people="other", out="x"))


def test_preferences_become_pairs(fake: FakeEndpoint, capsys: Told) -> None:
    rows: list[dict[str, object]] = [{"prompt": f"Name river {n}"} for n in range(12)]
    write_rows("rows.jsonl", rows)
    assert run(words(fake, "--material", "rows.jsonl", how="preferences")) == 0
    assert "the model judges what it wrote itself" in capsys.readouterr().err
    reading = read_records("made/rows.jsonl")
    assert {row.kind for row in reading.records} == {"pair"}
    assert len(reading.records) + sum(manifest()["rejected"].values()) == 12


def test_a_seed_file_without_tasks_is_refused(fake: FakeEndpoint) -> None:
    Path("seeds.jsonl").write_text('{"instruction": ""}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"seeds\.jsonl:1: is no seed task"):
        synthesize_rows(settings(fake, seeds="seeds.jsonl"))
    write_rows("rows.jsonl", [{"prompt": "a"}])
    with pytest.raises(UsageError, match="uses no seed tasks"):
        synthesize_rows(settings(fake, how="answers", material="rows.jsonl", seeds="seeds.jsonl"))
