"""LLaMA-Factory files are trained from start to end on its own demo rows, and leave what its users look for."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from taskfit.app.llamafactory.order import Order, read_order
from taskfit.app.llamafactory.run import train_order
from taskfit.core.yaml import read_yaml, write_yaml

ROOT = Path(__file__).resolve().parents[3]
SHORT = {"max_samples": 6, "cutoff_len": 96, "max_steps": 2, "per_device_train_batch_size": 2, "logging_steps": 1}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def ordered(folder: Path, recipe: str, data: Path, **values: Any) -> Order:
    """Return the order of a recipe, made short, on other rows."""
    said = read_yaml(ROOT / "recipes" / "llamafactory" / recipe).values
    place = {"dataset_dir": str(data), "output_dir": str(folder / "out")}
    write_yaml(folder / "run.yaml", said | SHORT | {"gradient_accumulation_steps": 1} | place | values)
    return read_order(folder / "run.yaml", threads=1)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # PEFT asks transformers so
def test_lora_on_demo_conversations_leaves_an_adapter_that_peft_loads(tmp_path: Path, shared_data: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    demo = shared_data / "llamafactory_demo"
    names = "identity,alpaca_zh_demo,glaive_toolcall_zh_demo"
    order = ordered(
        tmp_path, "train_lora_sft.yaml", demo, dataset=names, eval_steps=1, save_steps=1, template="default"
    )
    train_order(order)
    out = tmp_path / "out"
    log = lines(out / "trainer_log.jsonl")
    assert [(line["current_steps"], line["total_steps"]) for line in log] == [(1, 2), (2, 2)]
    assert all(line["loss"] > 0 and line["total_tokens"] > 0 for line in log)
    results = json.loads((out / "all_results.json").read_text(encoding="utf-8"))
    assert results["train_loss"] > 0
    assert results["eval_loss"] > 0
    told = json.loads((out / "trained.json").read_text(encoding="utf-8"))["remarks"]
    assert any("longer than 96 tokens" in remark["en"] for remark in told)
    base = AutoModelForCausalLM.from_pretrained(
        json.loads((out / "adapter_config.json").read_text())["base_model_name_or_path"]
    )
    tuned = PeftModel.from_pretrained(base, out)
    assert any(bool(weight.abs().sum() > 0) for name, weight in tuned.named_parameters() if "lora_B" in name)


def test_full_tuning_leaves_a_model_that_transformers_loads_with_its_template(
    tmp_path: Path, shared_data: Path
) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    demo = shared_data / "llamafactory_demo"
    train_order(ordered(tmp_path, "train_full_sft.yaml", demo, dataset="alpaca_en_demo", template="alpaca"))
    out = tmp_path / "out"
    AutoModelForCausalLM.from_pretrained(out)
    tokenizer = AutoTokenizer.from_pretrained(out)
    asked = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Q"}], tokenize=False, add_generation_prompt=True
    )
    assert asked.endswith("### Instruction:\nQ\n\n### Response:\n")


def test_freezing_changes_only_the_last_layers_and_leaves_a_whole_model(tmp_path: Path, shared_data: Path) -> None:
    from taskfit.model.open import open_local

    demo = shared_data / "llamafactory_demo"
    train_order(ordered(tmp_path, "train_freeze_sft.yaml", demo, dataset="identity", freeze_trainable_layers=1))
    before = dict(open_local("tiny").network.named_parameters())
    after = dict(open_local(str(tmp_path / "out" / "model")).network.named_parameters())
    changed = {
        name.split(".")[2] for name in before if ".layers." in name and not torch.equal(before[name], after[name])
    }
    assert changed == {str(open_local("tiny").card.layers - 1)}
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_pre_training_reads_raw_text_and_cuts_it_into_pieces(tmp_path: Path, shared_data: Path) -> None:
    (tmp_path / "dataset_info.json").write_text(
        json.dumps(
            {
                "c4": {
                    "file_name": str(shared_data / "llamafactory_raw" / "c4_demo.jsonl"),
                    "columns": {"prompt": "text"},
                }
            }
        ),
        encoding="utf-8",
    )
    order = ordered(tmp_path, "train_lora_pretrain.yaml", tmp_path, dataset="c4", finetuning_type="full", val_size=2)
    train_order(order)
    facts = json.loads((tmp_path / "out" / "trained.json").read_text(encoding="utf-8"))
    assert "cut into pieces" in json.dumps(facts["remarks"])
    assert facts["curve"][-1]["dev_score"] < 0


def test_the_same_file_again_goes_on_or_begins_anew(tmp_path: Path) -> None:
    data = ROOT / "recipes" / "llamafactory" / "data"
    order = ordered(tmp_path, "train_freeze_sft.yaml", data, overwrite_output_dir=False)
    train_order(order)
    finished = (tmp_path / "out" / "trained.json").stat().st_mtime_ns
    train_order(order)
    assert (tmp_path / "out" / "trained.json").stat().st_mtime_ns == finished
    (tmp_path / "out" / "notes.txt").write_text("mine", encoding="utf-8")
    longer = ordered(tmp_path, "train_freeze_sft.yaml", data, overwrite_output_dir=True, max_steps=3)
    train_order(longer)
    assert [line["current_steps"] for line in lines(tmp_path / "out" / "trainer_log.jsonl")] == [1, 2, 3]
    assert (tmp_path / "out" / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_run_can_be_repeated_from_its_own_settings(tmp_path: Path) -> None:
    from taskfit.app.train import read_train, train

    data = ROOT / "recipes" / "llamafactory" / "data"
    train_order(ordered(tmp_path, "train_freeze_sft.yaml", data, template="vicuna"))
    settings = read_train(tmp_path / "out" / "settings.yaml", {"run": str(tmp_path / "again")})
    train(settings)
    first, second = (
        json.loads((tmp_path / name / "trained.json").read_text(encoding="utf-8"))["curve"] for name in ("out", "again")
    )
    assert first == second
