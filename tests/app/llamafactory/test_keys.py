"""Every key of LLaMA-Factory has a fate that is told in both languages."""

import dataclasses
import json
from pathlib import Path

import pytest

from taskfit.app.llamafactory.keys import known_keys, sort_keys
from taskfit.app.llamafactory.keys_known import IDLE, ONLY_OFF
from taskfit.app.llamafactory.keys_used import OLD_NAMES, USED


def test_no_key_of_theirs_is_met_with_silence(shared_data: Path) -> None:
    reference = shared_data.parent / "reference" / "llamafactory_conventions.json"
    if not reference.is_file():
        pytest.skip(f"no {reference}")
    classes = json.loads(reference.read_text(encoding="utf-8"))["arguments"].values()
    names = [field["name"] for one in classes for field in one["fields"]]
    assert len(names) > 250
    told = sort_keys(dict.fromkeys(names, True), {})
    fates = [one.key for one in (*told.used, *told.idle)]
    refused = " ".join(finding.what.en for finding in told.refused)
    assert "unknown" not in refused
    for name in names:
        assert name in fates or f"'{name}'" in refused


def test_every_key_of_the_trainer_is_known() -> None:
    from transformers import Seq2SeqTrainingArguments

    names = {field.name for field in dataclasses.fields(Seq2SeqTrainingArguments)}
    assert sorted(names - set(known_keys())) == []


def test_each_key_has_one_fate() -> None:
    names = [name for group in (*IDLE, *ONLY_OFF) for name in group.names] + list(USED)
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_fates_are_told_in_both_languages() -> None:
    for text in (*USED.values(), *(group.what for group in (*IDLE, *ONLY_OFF))):
        assert text.en
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh) or text.en == text.zh


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    told = sort_keys({"learning_rte": 1e-4}, {"learning_rte": "a.yaml:3"})
    assert [str(one) for one in told.refused] == ["a.yaml:3: unknown key 'learning_rte'; did you mean 'learning_rate'?"]


def test_old_names_are_read_as_the_new_ones() -> None:
    told = sort_keys({"evaluation_strategy": "steps"}, {})
    assert told.values == {"eval_strategy": "steps"}
    assert told.used[0].key == "evaluation_strategy"
    assert set(OLD_NAMES.values()) <= set(known_keys())


def test_an_old_name_beside_the_new_one_is_refused() -> None:
    told = sort_keys({"evaluation_strategy": "no", "eval_strategy": "steps"}, {})
    assert "the old name of 'eval_strategy'" in str(told.refused[0])


@pytest.mark.parametrize("key", ["use_dft_loss", "shift_attn", "resize_vocab", "train_from_scratch"])
def test_what_would_change_the_result_is_accepted_only_when_it_is_off(key: str) -> None:
    assert not sort_keys({key: False}, {}).refused
    assert "remove the key" in str(sort_keys({key: True}, {}).refused[0])


def test_secrets_are_never_told() -> None:
    told = sort_keys({"hf_hub_token": "hf_secret", "swanlab_api_key": "s3cret"}, {})
    assert "secret" not in str(told)
    assert "s3cret" not in str(told)
