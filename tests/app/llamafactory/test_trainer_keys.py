"""Trainer keys become our options of training; weight keys become weight methods."""

from typing import Any

import pytest

from taskfit.app.llamafactory.given import Given
from taskfit.app.llamafactory.rules import check_rules
from taskfit.app.llamafactory.trainer_keys import (
    OPTIMIZERS,
    SCHEDULES,
    logging_every,
    looks_per_epoch,
    training_settings,
)
from taskfit.app.llamafactory.weights_keys import weights_of
from taskfit.engine.training import Training


def trained(devices: int = 1, **values: Any) -> Training:
    given = Given(values, {})
    settings = training_settings(given, devices=devices)
    assert not given.findings
    return Training.read(settings)


def wrong(**values: Any) -> str:
    given = Given(values, {})
    check_rules(given)
    weights_of(given)
    training_settings(given, devices=1)
    return "\n".join(str(finding) for finding in given.findings)


FINE = {"do_train": True, "dataset": "a"}


def test_what_a_file_leaves_out_is_as_in_llamafactory() -> None:
    plain = trained()
    assert (plain.lr, plain.epochs, plain.batch, plain.schedule) == (5e-5, 3.0, 8, "linear")
    assert (plain.warmup, plain.weight_decay, plain.clip) == (0.0, 0.0, 1.0)
    assert (plain.betas, plain.eps) == ((0.9, 0.999), 1e-8)


def test_a_step_has_the_rows_of_all_pieces_and_devices() -> None:
    one = trained(per_device_train_batch_size=2, gradient_accumulation_steps=8)
    assert (one.batch, one.accumulation) == (16, 8)
    two = trained(2, per_device_train_batch_size=2, gradient_accumulation_steps=8)
    assert (two.batch, two.accumulation) == (32, 16)


def test_the_old_and_the_new_way_to_say_the_warm_up() -> None:
    assert trained(warmup_ratio=0.1).warmup == 0.1
    assert trained(warmup_steps=20, warmup_ratio=0.1).warmup == 20
    assert trained(warmup_steps=0.05).warmup == 0.05


def test_constant_has_no_warm_up_there_and_so_here() -> None:
    assert trained(lr_scheduler_type="constant", warmup_ratio=0.1).warmup == 0
    assert trained(lr_scheduler_type="constant_with_warmup", warmup_ratio=0.1).warmup == 0.1


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_every_schedule_can_be_trained_with(name: str) -> None:
    assert trained(lr_scheduler_type=name).schedule == SCHEDULES[name]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_every_optimizer_can_be_trained_with(name: str) -> None:
    assert trained(optim=name).optimizer == OPTIMIZERS[name]


def test_details_of_schedules() -> None:
    kwargs = {"min_lr_rate": 0.1}
    assert trained(lr_scheduler_type="cosine_with_min_lr", lr_scheduler_kwargs=kwargs).lr_end == 0.1
    kwargs = {"min_lr": 1e-5}
    ended = trained(lr_scheduler_type="cosine_with_min_lr", lr_scheduler_kwargs=kwargs, learning_rate=1e-4)
    assert ended.lr_end == pytest.approx(0.1)
    assert trained(lr_scheduler_type="cosine_with_restarts", lr_scheduler_kwargs='{"num_cycles": 3}').cycles == 3
    assert "not read by linear" in wrong(**FINE, lr_scheduler_kwargs={"num_cycles": 3})


def test_checkpointing_is_on_only_when_it_is_written_down() -> None:
    assert not trained().gradient_checkpointing
    assert trained(disable_gradient_checkpointing=False).gradient_checkpointing
    assert not trained(disable_gradient_checkpointing=True).gradient_checkpointing
    assert trained(gradient_checkpointing=True).gradient_checkpointing


def test_lengths_precision_and_saving() -> None:
    assert (trained(max_steps=7).max_steps, trained(max_steps=7).epochs) == (7, None)
    assert trained(max_steps=-1, num_train_epochs=2).epochs == 2
    assert trained(bf16=True).precision == "bfloat16"
    assert trained(pure_bf16=True).precision == "bfloat16"
    assert trained(save_steps=100).save_every == 100
    assert trained(save_strategy="no", save_steps=100).save_every is None


def test_looks_come_as_often_as_eval_steps_says() -> None:
    def looks(**values: Any) -> float:
        return looks_per_epoch(Given(values, {}), rows=100, batch=10, epochs=2.0, max_steps=None)

    assert looks(eval_strategy="epoch") == 1
    assert looks(eval_strategy="steps", eval_steps=5) == 2
    assert looks(eval_strategy="steps", eval_steps=0.5) == 1
    assert looks(eval_strategy="steps", logging_steps=10) == 1
    assert looks() == 0.5


def test_lines_of_the_log_come_as_often_as_logging_steps_says() -> None:
    def every(**values: Any) -> int:
        return logging_every(Given(values, {}), rows=100, batch=10, steps=20)

    assert (every(), every(logging_steps=5), every(logging_steps=0.1)) == (500, 5, 2)
    assert (every(logging_strategy="no"), every(logging_strategy="epoch")) == (0, 10)


def test_kinds_of_fine_tuning() -> None:
    assert weights_of(Given({}, {})) == ("lora", {"r": 8, "alpha": 16.0, "dropout": 0.0})
    name, settings = weights_of(Given({"lora_rank": 4, "lora_alpha": 4, "lora_dropout": 0.1}, {}))
    assert settings == {"r": 4, "alpha": 4.0, "dropout": 0.1}
    more = {"use_rslora": True, "lora_target": "q_proj,v_proj", "loraplus_lr_ratio": 16, "additional_target": "lm_head"}
    name, settings = weights_of(Given(more, {}))
    assert settings["targets"] == ["q_proj", "v_proj"]
    assert (settings["rslora"], settings["plus"], settings["whole"]) == (True, 16, ["lm_head"])
    assert weights_of(Given({"pissa_init": True}, {}))[1]["start"] == "pissa"
    for values in ({"finetuning_type": "qlora"}, {"quantization_bit": 4}):
        name, settings = weights_of(Given(values, {}))
        assert (name, settings["bits"]) == ("qlora", 4)
    assert weights_of(Given({"finetuning_type": "full"}, {})) == ("full", {})
    name, settings = weights_of(Given({"finetuning_type": "freeze", "freeze_trainable_layers": 3}, {}))
    assert (name, settings) == ("last_layers", {"layers": 3})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"stage": "dpo"}, "follows with alignment"),
        ({"stage": "sfd"}, "did you mean 'sft'"),
        ({"do_train": False}, "nothing would be trained"),
        ({"dataset": None}, "it names the rows"),
        ({"finetuning_type": "oft"}, "orthogonal"),
        ({"finetuning_type": "full", "use_dora": True}, "only with finetuning_type: lora"),
        ({"finetuning_type": "full", "quantization_bit": 4}, "only with finetuning_type: lora"),
        ({"quantization_bit": 3}, "neither 4 nor 8"),
        ({"quantization_bit": 4, "pissa_init": True}, "quantised weights"),
        ({"freeze_trainable_layers": 0, "finetuning_type": "freeze"}, "no number of layers"),
        ({"stage": "pt", "train_on_prompt": True}, "stage sft"),
        ({"mask_history": True, "train_on_prompt": True}, "exclude each other"),
        ({"val_size": 0.1, "eval_dataset": "b"}, "exclude each other"),
        ({"eval_strategy": "steps"}, "set val_size or eval_dataset"),
        ({"early_stopping_steps": 3}, "set val_size or eval_dataset"),
        ({"interleave_probs": "0.5,0.5"}, "interleaving mix_strategy"),
        ({"interleave_probs": "0.5,0.5", "mix_strategy": "interleave_over"}, "one number per dataset"),
        ({"dataset_dir": "ONLINE"}, "hf_hub_url"),
        ({"template": "alpacca"}, "did you mean 'alpaca'"),
        ({"template": "qwen2_vl"}, "images"),
        ({"default_system": "S"}, "set 'template'"),
        ({"template": "qwen", "tool_format": "glm4"}, "known: default, qwen, mistral"),
        ({"learning_rate": "fast"}, "is no number"),
        ({"num_train_epochs": -1}, "is not between"),
        ({"per_device_train_batch_size": 0}, "whole number"),
        ({"lora_rank": 2.5}, "whole number"),
        ({"bf16": "yes"}, "neither true nor false"),
        ({"optim": "adamw_torchh"}, "did you mean 'adamw_torch'"),
        ({"lr_scheduler_type": "cosin"}, "did you mean 'cosine'"),
    ],
)
def test_mistakes_are_told_with_what_to_do(values: dict[str, Any], words: str) -> None:
    assert words in wrong(**(FINE | values))


def test_a_usual_file_breaks_no_rule() -> None:
    assert (
        wrong(**FINE, stage="sft", finetuning_type="lora", template="qwen", val_size=0.1, eval_strategy="steps") == ""
    )
