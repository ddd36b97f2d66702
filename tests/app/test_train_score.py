"""What a training is worth on sealed test rows: by the loss where answers are open, and with texts that are too long."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from taskfit.app.train import TrainSettings, train_run
from taskfit.app.train_score import read_loss, read_worth
from taskfit.core.events import Event
from taskfit.data.world.example import example_rows
from taskfit.model.open import open_local


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def lines(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def trained(method: str, train: str, test: str, run: Path, **settings: Any) -> Path:
    asked = {"method": method, "settings": settings, "rows": {"file": train, "test": test}, "run": str(run)}
    return train_run(TrainSettings.read({**asked, "threads": 1}))


def test_plain_text_is_measured_by_its_loss_before_and_after(tmp_path: Path) -> None:
    texts = [f"The {n}th door of the old house is closed." for n in range(24)]
    train, test = (lines(tmp_path / f"{name}.jsonl", [{"text": one} for one in part]) for name, part in
                   (("train", texts[:18]), ("test", texts[18:])))  # fmt: skip
    run = trained("continued", train, test, tmp_path / "run", lr=3e-3, epochs=4)
    found = read_loss(run)
    assert found is not None
    assert found.rows == 6
    assert found.change.high < 0
    assert found.change.estimate == pytest.approx(found.trained.estimate - found.base.estimate)
    for name, measured in (("tiny", found.base), (str(run / "model"), found.trained)):
        assert measured.estimate == pytest.approx(plain_loss(name, texts[18:]), rel=1e-4)


def plain_loss(name: str, texts: list[str]) -> float:
    """Return the mean loss per token as transformers gives it, end-of-text token included, row by row."""
    model = open_local(name)
    total, tokens = 0.0, 0
    for text in texts:
        ids = torch.tensor([[*model.encode([text])[0], model.tokenizer.eos_token_id]])
        with torch.inference_mode():
            loss = model.network(input_ids=ids, labels=ids).loss
        total, tokens = total + float(loss) * (ids.shape[1] - 1), tokens + ids.shape[1] - 1
    return total / tokens


def test_conversations_are_measured_by_the_loss_of_what_the_assistant_says(tmp_path: Path) -> None:
    talks = [
        {"messages": [{"role": "user", "content": one.text}, {"role": "assistant", "content": "It is noted."}]}
        for one in example_rows("en")[:24]
    ]
    train, test = lines(tmp_path / "train.jsonl", talks[:18]), lines(tmp_path / "test.jsonl", talks[18:])
    run = trained("lora", train, test, tmp_path / "run", lr=1e-2, max_steps=6)
    found = read_loss(run)
    assert found is not None
    assert found.change.high < 0
    said = len(open_local("tiny").encode(["It is noted."])[0])
    assert 6 * said < found.tokens <= 6 * (said + 2), "the answer and what ends it, not the question"
    assert read_worth(run) is not None, "the last answer is one to hold others against"


def test_open_answers_have_both_their_metrics_and_the_loss(tmp_path: Path) -> None:
    rows = [{"instruction": one.text, "input": "", "output": one.text[:20]} for one in example_rows("en")[:24]]
    train, test = lines(tmp_path / "train.jsonl", rows[:18]), lines(tmp_path / "test.jsonl", rows[18:])
    run = trained("full", train, test, tmp_path / "run", lr=1e-3, max_steps=2)
    assert read_loss(run) is not None
    worth = read_worth(run)
    assert worth is not None
    assert worth.base is not None


def test_labels_have_no_loss_and_texts_beyond_the_context_are_cut_as_in_a_climb(tmp_path: Path) -> None:
    rows = [(one.text, one.label) for one in example_rows("en")[:60]]
    rows[3] = (" ".join(["and so it went on"] * 400), rows[3][1])
    for name, part in (("train", rows[:40]), ("test", rows[40:])):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *part])
    events: list[Event] = []
    asked = {
        "method": "lora",
        "settings": {"lr": 5e-3, "max_steps": 2},
        "rows": {"file": str(tmp_path / "train.csv"), "test": str(tmp_path / "test.csv")},
        "run": str(tmp_path / "run"),
        "threads": 1,
    }
    run = train_run(TrainSettings.read(asked), events.append)
    told = [str(event.data["text"]) for event in events if event.kind == "warning"]
    assert any("1 of 60 texts are longer" in one for one in told)
    assert read_loss(run) is None
    assert read_worth(run) is not None
