"""A climb over an endpoint: what is asked, what it costs, what is asked no second time, and what happens when it dies."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from climbing import ended, results, start, wait_until, write_task
from model.fake_endpoint import FakeEndpoint, Messages, Reply, endpoint, error, nearest_demonstration, said
from taskfit.cli.program import run
from taskfit.core.files import read_json, read_lines
from taskfit.core.text import speak

Told = pytest.CaptureFixture[str]
FAST = "retries: 0, wait_seconds: 0.01, timeout_seconds: 5"
PRICED = "price_in: 2, price_out: 10"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TASKFIT_LANG", "en")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    yield
    speak("en")


@pytest.fixture
def fake() -> Iterator[FakeEndpoint]:
    with endpoint(nearest_demonstration) as running:
        yield running


def climb(fake: FakeEndpoint, more: str, *, remote: str = f"{FAST}, {PRICED}", words: Sequence[str] = ()) -> int:
    """Climb over the endpoint and return the exit code."""
    text = f"remote: {{model: fake, {remote}}}\n{more}"
    write_task(Path(), fake.url, text)
    return run(["climb", "task.yaml", "--name", "a", *words])


def report(number: int = 1) -> Any:
    return read_json(Path(f"runs/a-{number:04d}/report.json"))


def test_prompted_rungs_are_measured_with_their_price_and_training_is_not_possible(
    fake: FakeEndpoint, capsys: Told
) -> None:
    assert climb(fake, "rungs: [zero_shot, few_shot, knn_shot, head, lora, full]\n") == 0
    told = capsys.readouterr().err
    for name, need in (("head", "embed"), ("lora", "train"), ("full", "train")):
        assert f"{name}: not possible: fake cannot {need}" in told
    found = {one["rung"]: one for one in report()["measurements"]}
    assert list(found) == ["zero_shot", "few_shot", "knn_shot"]
    assert found["knn_shot"]["metrics"]["accuracy"]["estimate"] == 1.0
    for one in found.values():
        assert one["cost"]["money_per_1000"] == pytest.approx(1000 * (7 * 2 + 3 * 10) / 1e6)
        assert one["cost"]["latency_p95_ms"] >= one["cost"]["latency_p50_ms"] > 0
    assert found["zero_shot"]["cost"]["adapt_money"] == 0
    assert found["knn_shot"]["cost"]["adapt_money"] > 0
    assert {one["rung"]: one["kind"] for one in report()["failed"]} == dict.fromkeys(
        ("head", "lora", "full"), "impossible"
    )


def test_answers_that_cannot_be_read_are_counted_and_not_guessed(fake: FakeEndpoint) -> None:
    assert climb(fake, "rungs: [zero_shot]\n") == 0
    [one] = report()["measurements"]
    # without examples the fake says the first word of the instruction, which is no label
    assert (one["unscored"], one["rows"], one["metrics"]["accuracy"]["estimate"]) == (9, 9, 0.0)
    rows = list(read_lines(Path("runs/a-0001/rungs/00-zero_shot/predictions.jsonl")))
    assert {row["answer"] for row in rows} == {None}
    assert all("not an answer: 'Classify'" in row["problem"] for row in rows)


def test_a_second_climb_asks_nothing_again_and_finds_the_same(fake: FakeEndpoint) -> None:
    ladder = "rungs: [few_shot, knn_shot]\n"
    assert climb(fake, ladder) == 0
    asked = len(fake.requests)
    assert len({str(body["messages"]) for body in fake.requests}) == asked
    assert climb(fake, ladder) == 0
    assert len(fake.requests) == asked
    both = [results(Path(f"runs/a-{number:04d}")) for number in (1, 2)]
    rows = [one[key] for one in both for key in one if key.endswith(".jsonl")]
    assert rows[:2] == rows[2:]


def test_nothing_of_the_target_is_sent(fake: FakeEndpoint) -> None:
    assert climb(fake, "task: {labels: {food: F1, travel: T2, money: M3}}\nrungs: [zero_shot]\n") == 0
    labels = {"F1", "T2", "M3"}
    for body in fake.requests:
        assert not labels & set(body["messages"][-1]["content"].split())


def test_without_a_price_money_is_unknown_not_zero(fake: FakeEndpoint) -> None:
    assert climb(fake, "rungs: [zero_shot, few_shot]\n", remote=FAST) == 0
    for one in report()["measurements"]:
        assert one["cost"]["money_per_1000"] is None
        assert one["cost"]["adapt_money"] is None


def test_a_limit_of_money_fails_the_rung_that_meets_it(fake: FakeEndpoint, capsys: Told) -> None:
    code = climb(fake, "rungs: [zero_shot, few_shot]\n", remote=f"{FAST}, {PRICED}, max_requests: 9, concurrency: 1")
    assert code == 0
    assert "few_shot: failed: " in (told := capsys.readouterr().err)
    assert "max_requests = 9" in told
    assert [one["rung"] for one in report()["measurements"]] == ["zero_shot"]


def test_an_endpoint_that_dies_fails_what_follows_and_the_same_answers_are_kept(capsys: Told) -> None:
    def dies(messages: Messages) -> Reply:
        return error(500, "out of order") if len(fake.requests) > 9 else nearest_demonstration(messages)

    with endpoint(dies) as fake:
        assert climb(fake, "rungs: [zero_shot, few_shot]\n") == 0
        told = capsys.readouterr().err
        assert "zero_shot: done" in told
        assert "few_shot: failed: " in told
        assert "out of order" in told
        assert [one["kind"] for one in report()["failed"]] == ["failed"]
        fake.answer = nearest_demonstration
        asked = len(fake.requests)
        assert climb(fake, "rungs: [zero_shot, few_shot]\n", words=["--run", "runs/a-0001"]) == 0
        told = capsys.readouterr().err
        assert "zero_shot: finished before, kept" in told
        assert "few_shot: done" in told
        assert len(fake.requests) > asked
        assert [one["rung"] for one in report()["measurements"]] == ["zero_shot", "few_shot"]
        assert report()["failed"] == []


@pytest.mark.parametrize(
    ("reply", "why"),
    [(error(401, "bad key"), "HTTP 401: bad key"), (error(404, "no such model"), "HTTP 404: no such model"),
     (Reply(drop=True), "the connection failed")],
)  # fmt: skip
def test_an_endpoint_that_answers_nothing_ends_the_command_with_an_error(reply: Reply, why: str, capsys: Told) -> None:
    with endpoint(lambda messages: reply) as fake:
        assert climb(fake, "rungs: [zero_shot, few_shot, head]\n") == 4
    told = capsys.readouterr().err
    assert "error: runs/a-0001: no rung could be measured" in told
    assert why in told
    assert "Traceback" not in told
    assert {one["rung"]: one["kind"] for one in report()["failed"]} == {
        "zero_shot": "failed",
        "few_shot": "failed",
        "head": "impossible",
    }


def test_an_answer_that_fails_is_a_row_unscored_with_the_reason() -> None:
    def filtered(messages: Messages) -> Reply:
        asked = messages[-1]["content"]
        return error(400, "this text is not allowed") if "soup" in asked or "map" in asked else said("food")

    with endpoint(filtered) as fake:
        assert climb(fake, "rungs: [zero_shot]\nrows: {train: rows.csv, test_share: 0.5}\n") == 0
    rows = list(read_lines(Path("runs/a-0001/rungs/00-zero_shot/predictions.jsonl")))
    failed = [row for row in rows if "soup" in row["text"] or "map" in row["text"]]
    assert 0 < len(failed) == report()["measurements"][0]["unscored"] < len(rows)
    assert all(row["answer"] is None and "this text is not allowed" in row["problem"] for row in failed)


def test_ctrl_c_ends_a_remote_climb_at_once_and_no_answer_is_paid_twice(fake: FakeEndpoint, tmp_path: Path) -> None:
    fake.answer = lambda messages: replace(nearest_demonstration(messages), seconds=0.3)
    write_task(
        Path(),
        fake.url,
        f"remote: {{model: fake, {FAST}, concurrency: 1}}\nrungs: [zero_shot]\nrows: {{train: rows.csv, test_share: 0.6}}\n",
    )
    process = start(["climb", "task.yaml", "--name", "a"], tmp_path)
    wait_until(lambda: len(fake.requests) >= 4, process)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGINT)
    begin = time.monotonic()
    assert ended(process) == 130
    assert time.monotonic() - begin < 5
    assert "--run runs/a-0001, continues where it stopped" in (tmp_path / "told.txt").read_text()
    fake.answer = nearest_demonstration
    assert ended(start(["climb", "task.yaml", "--name", "a"], tmp_path)) == 0
    rows = report()["measurements"][0]["rows"]
    assert rows <= len(fake.requests) <= rows + 1  # the one under way


def test_hostile_answers_are_shown_as_text(fake: FakeEndpoint) -> None:
    fake.answer = lambda messages: said("<script>alert(1)</script>\x1b[31m food")
    assert climb(fake, "rungs: [zero_shot]\n") == 0
    page = Path("runs/a-0001/report.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "\x1b" not in page


def test_the_key_is_nowhere_in_the_run(fake: FakeEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-1234567890")
    assert climb(fake, "rungs: [zero_shot]\n") == 0
    assert all("sk-very-secret" in one["authorization"] for one in fake.headers)
    for path in Path("runs").rglob("*"):
        if path.is_file():
            assert b"sk-very-secret" not in path.read_bytes(), path


def test_open_answers_are_measured_by_their_text(fake: FakeEndpoint) -> None:
    write_task(Path(), fake.url, "")
    lines = "".join(f'{{"question": "what is {n} and {n}?", "answer": "it is number {2 * n}"}}\n' for n in range(40))
    Path("qa.jsonl").write_text(lines)
    Path("task.yaml").write_text(
        f"rows: qa.jsonl\nmodel: {fake.url}\nremote: {{model: fake, {FAST}}}\nrungs: [zero_shot, knn_shot]\nseeds: 1\n"
    )
    fake.answer = lambda messages: said(f"It is number {2 * int(messages[-1]['content'].split()[2])}.")
    assert run(["climb", "task.yaml", "--name", "a"]) == 0
    assert [one["metrics"]["exact_match"]["estimate"] for one in report()["measurements"]] == [1.0, 1.0]
    assert report()["task"]["kind"] == "answer"
