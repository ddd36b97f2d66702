"""A base kept in few bits, from every command that opens one: what is done, and what is refused in one sentence."""

from pathlib import Path
from typing import Any

import pytest

from taskfit.app.bits import changes_of
from taskfit.app.climb import open_model
from taskfit.app.llamafactory.order import read_order
from taskfit.app.memory import ALL_WAYS, MemorySettings, memory
from taskfit.app.settings import METHODS, ClimbSettings, default_rungs, method_class
from taskfit.app.show_model import ShowModelSettings, show_model
from taskfit.app.task_file import read_climb, write_climb
from taskfit.app.train_file import read_train
from taskfit.app.train_model import opened_model
from taskfit.core.errors import UsageError
from taskfit.core.text import speak
from taskfit.engine.ranks import Ranks
from taskfit.model.quantized import bits_of

ROWS = "text,label\n" + "".join(f"a {word} day {n},{word}\n" for n in range(20) for word in ("good", "bad"))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def train_of(rows: Path, **values: Any) -> Any:
    return read_train(None, {"rows": [str(rows)], **values})


@pytest.mark.parametrize("bits", [4, 8])
def test_a_climb_opens_its_base_so_and_leaves_out_what_cannot_be_trained(rows: Path, bits: int) -> None:
    settings = read_climb(rows, {"bits": str(bits), "device": "cpu"})  # as typed behind --bits
    model = open_model(settings)
    assert bits_of(model.network) == bits  # type: ignore[attr-defined]
    assert open_model(read_climb(rows, {"device": "cpu"})).card.fingerprint != model.card.fingerprint
    climbed = {rung.method for rung in settings.rungs}
    assert climbed == {one.method for one in default_rungs()} - {"full", "last_layers"}


def test_the_task_file_keeps_it(rows: Path, tmp_path: Path) -> None:
    settings = read_climb(rows, {"bits": 4})
    write_climb(tmp_path / "task.yaml", settings)
    assert "bits: 4" in (tmp_path / "task.yaml").read_text(encoding="utf-8")
    again = read_climb(tmp_path / "task.yaml")
    assert (again.bits, again.rungs) == (4, settings.rungs)
    assert read_train(None, {"task": str(tmp_path / "task.yaml"), "method": "lora"}).bits == 4


@pytest.mark.parametrize("method", ["lora", "qlora", "head", "instruct"])
def test_a_training_opens_its_base_so(rows: Path, method: str) -> None:
    more = {"set": ["weights=lora"]} if method == "instruct" else {}
    settings = train_of(rows, method=method, bits=4, device="cpu", **more)
    model = opened_model(settings, method_class(method).read(settings.settings), Ranks())
    assert bits_of(model.network) == 4


@pytest.mark.parametrize(
    ("method", "settings"),
    [("full", []), ("last_layers", []), ("instruct", []), ("continued", ["weights=last_layers"])],
)
def test_what_trains_the_weights_themselves_is_refused_before_anything_is_opened(
    rows: Path, method: str, settings: list[str]
) -> None:
    with pytest.raises(UsageError, match="4 bits") as told:
        train_of(rows, method=method, bits=4, set=settings, model="no-such-model")
    [finding] = told.value.findings
    assert finding.what.en == f"bits: 4: {method} trains the base's own weights, which cannot be trained in 4 bits"
    assert finding.todo is not None
    assert "qlora" in finding.todo.en


def test_a_named_rung_that_cannot_be_trained_is_refused_in_both_languages(rows: Path) -> None:
    with pytest.raises(UsageError, match="full trains the base's own weights"):
        ClimbSettings.read({"rows": str(rows), "bits": 8, "rungs": ["zero_shot", "full"]})
    speak("zh")
    try:
        with pytest.raises(UsageError, match="8 位的权重无法训练"):
            ClimbSettings.read({"rows": str(rows), "bits": 8, "rungs": ["full"]})
    finally:
        speak("en")


def test_a_remote_model_is_refused(rows: Path) -> None:
    values = {"rows": str(rows), "model": "http://127.0.0.1:9/v1", "remote": {"model": "m"}}
    assert ClimbSettings.read(values).bits is None
    with pytest.raises(UsageError, match="behind an address"):
        ClimbSettings.read({**values, "bits": 4})


@pytest.mark.parametrize("wrong", ["3", 16, "four"])
def test_other_numbers_of_bits_are_refused(rows: Path, wrong: object) -> None:
    with pytest.raises(UsageError, match="must be 4 or 8"):
        read_climb(rows, {"bits": wrong})


def test_every_method_says_what_it_changes() -> None:
    told = {name: changes_of(method_class(name).read({})) for name in METHODS.names()}
    assert (told["full"], told["last_layers"], told["lora"]) == ("all weights", "some weights", "added weights")
    assert changes_of(method_class("instruct").read({"weights": "lora"})) == "added weights"


def test_a_shown_model_tells_its_bits_and_still_counts_every_number() -> None:
    [whole] = show_model("tiny", ShowModelSettings(ask=False))
    [packed] = show_model("tiny", ShowModelSettings(ask=False, bits=4))
    assert packed.parts == whole.parts
    kept = {name.en: value.en for name, value in packed.facts}["kept in"]
    assert kept.startswith("4 bits in the layers")
    # 451,200 numbers of the embedding and 1,440 of norms in 4 bytes, 1,269,760 in half a byte and their scales
    assert kept.endswith("2.5 MB")


def test_memory_takes_it_as_the_packing_that_is_meant() -> None:
    [short] = memory(MemorySettings(method="lora", bits=4), "gpt2")
    [long] = memory(MemorySettings(method="lora", packing="nf4"), "gpt2")
    assert short.estimate == long.estimate
    ways = [need.order.way for need in memory(MemorySettings(bits=8), "gpt2")]
    assert ways == [way for way in ALL_WAYS if way not in ("full", "last_layers")]


@pytest.mark.parametrize(
    ("values", "words"),
    [({"method": "full", "bits": 4}, "full trains the base's own"), ({"bits": 4, "packing": "nf4"}, "the same thing")],
)
def test_memory_refuses_what_cannot_be(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        MemorySettings.read(values)


@pytest.mark.parametrize(("keys", "bits"), [("quantization_bit: 8", 8), ("finetuning_type: qlora", 4), ("", None)])
def test_a_llamafactory_file_opens_its_base_in_the_bits_it_asks_for(
    tmp_path: Path, keys: str, bits: int | None
) -> None:
    (tmp_path / "dataset_info.json").write_text('{"a": {"file_name": "a.json"}}', encoding="utf-8")
    (tmp_path / "a.json").write_text('[{"instruction": "Say 1.", "output": "1"}]', encoding="utf-8")
    lines = ["model_name_or_path: tiny", "stage: sft", "do_train: true", "dataset: a", f"dataset_dir: {tmp_path}"]
    (tmp_path / "run.yaml").write_text("\n".join([*lines, f"output_dir: {tmp_path}/out", keys]), encoding="utf-8")
    settings = read_order(tmp_path / "run.yaml").settings
    assert settings.bits == bits
    assert ("qlora" in settings.settings["weights"]) == (bits is not None)
