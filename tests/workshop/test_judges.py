"""A trained predictor judges as a filter: by a number, or by the probability of a class."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from methods.small_task import texts
from model.fake_endpoint import endpoint
from taskfit.app.data.synthesize import REJECTED, synthesize_rows
from taskfit.app.data.synthesize_settings import SynthesizeSettings
from taskfit.app.train import TrainSettings, train_run
from taskfit.core.errors import UsageError
from taskfit.core.example import Example, Message, Origin
from taskfit.core.files import read_lines, write_lines
from taskfit.core.meter import Meter
from taskfit.core.prediction import Prediction, Story
from taskfit.data.read_records import read_records
from taskfit.data.record import Record
from taskfit.workshop.judges import TrainedJudge, as_judged
from taskfit.workshop.recipe import talk
from workshop.fake_writer import writer


@dataclass(frozen=True)
class Fixed:
    """A predictor that knows its answers."""

    answers: Mapping[str, Prediction]
    story: Story = field(default_factory=Story)

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        return [self.answers[one.text] for one in examples]

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def scores(liked: str | None, **answers: Prediction) -> list[float | None]:
    judge = TrainedJudge("j", Fixed({f"{text}\n\nyes": one for text, one in answers.items()}), liked)
    return judge.scores([talk(text, "yes") for text in answers], None)  # type: ignore[arg-type]


def test_a_number_is_the_score() -> None:
    assert scores(None, a=Prediction("a", "3.5"), b=Prediction("b", None), c=Prediction("c", "much")) == [
        3.5,
        None,
        None,
    ]


def test_the_probability_of_the_liked_class_is_the_score() -> None:
    with_scores = Prediction("a", "good", {"good": -0.1, "bad": -2.3})
    assert scores("good", a=with_scores, b=Prediction("b", "bad"), c=Prediction("c", "good")) == [
        pytest.approx(0.9048, abs=1e-3),
        0.0,
        1.0,
    ]
    assert scores("unknown", a=with_scores) == [None]


def test_a_talk_is_read_whole() -> None:
    messages = (
        Message("user", "Hi"),
        Message("assistant", "Hello"),
        Message("user", "Bye"),
        Message("assistant", "Ciao"),
    )
    record = Record("r", Origin("f", 1), messages)
    assert as_judged(record, 0).text == "[user] Hi\n\n[assistant] Hello\n\n[user] Bye\n\nCiao"


def test_a_training_of_taskfit_judges_what_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "rows.jsonl", [{"text": text, "label": label} for text, label in texts(60)])
    given = {
        "method": "head",
        "model": "tiny",
        "rows": str(tmp_path / "rows.jsonl"),
        "run": str(tmp_path / "run"),
        "threads": 1,
    }
    train_run(TrainSettings.read(given))
    with endpoint() as fake:
        fake.answer_body = writer

        def made(**more: Any) -> Any:
            remote = {"model": "fake", "key_env": ""}
            asked = {"model": fake.url, "remote": remote, "judge": str(tmp_path / "run"), "rows": 12, **more}
            return synthesize_rows(SynthesizeSettings.read(asked)).manifest

        story = made(liked="money", least=0.2, out="a")
        rows = read_records("a/rows.jsonl").records
        assert story["judge"] == ["run"]
        assert {row.about["judge"] for row in rows} == {"run"}
        assert all(float(row.about["judge_score"]) > 0.2 for row in rows)
        low = [one for one in read_lines(Path("a") / REJECTED) if one["reason"] == "low_score"]
        assert all(float(one["said"]["score"]) < 0.2 for one in low)
        assert len(rows) == 12
        with pytest.raises(UsageError, match="belongs to a trained judge"):
            made(judge="fake", liked="money", out="b")


def test_a_local_model_writes_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "rows.jsonl", [{"prompt": "What is the name of the shop?"}, {"prompt": "这家店叫什么？"}])
    asked = {"model": "tiny", "how": "answers", "material": "rows.jsonl", "set": {"max_tokens": 12}, "out": "out"}
    story = synthesize_rows(SynthesizeSettings.read(asked)).manifest
    assert story["rows"] + sum(story["rejected"].values()) == 2
    assert story["generator"] == "tiny"
