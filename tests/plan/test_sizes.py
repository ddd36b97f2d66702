"""Sizes as people write and read them; where a shape comes from."""

import json
from pathlib import Path

import pytest

from taskfit.core.errors import ModelError, UsageError
from taskfit.plan.read import read_shape
from taskfit.plan.sizes import read_size, show_size


@pytest.mark.parametrize(
    ("written", "count"),
    [("24GB", 24e9), ("24gb", 24e9), ("80GiB", 80 * 2**30), (" 1.5 T ", 1.5e12), ("512 MiB", 2**29), ("1000", 1000)],
)
def test_a_size_is_read(written: str, count: float) -> None:
    assert read_size(written) == count


@pytest.mark.parametrize("written", ["", "much", "24XB", "-1GB", "0GB", "GB"])
def test_what_is_no_size_is_refused(written: str) -> None:
    with pytest.raises(UsageError, match="is not a size"):
        read_size(written, where="--fits")


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (13.48e9, "13.5 GB"), (140.2e9, "140 GB"), (1.25e12, "1.2 TB")],
)
def test_a_size_is_shown(count: float, shown: str) -> None:
    assert show_size(count) == shown


def test_a_shape_is_read_from_a_folder_a_file_and_a_name(tmp_path: Path) -> None:
    sizes = {"vocab_size": 97, "hidden_size": 32, "intermediate_size": 80, "num_hidden_layers": 3}
    config = {"model_type": "llama", "num_attention_heads": 4, "quantization_config": {"bits": 4}, **sizes}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    from_folder, from_file = read_shape(str(tmp_path)), read_shape(str(tmp_path / "config.json"))
    assert from_folder == from_file
    assert from_folder.layers == 3
    assert read_shape("gpt2").parameters == 124_439_808
    assert read_shape("tiny").parameters > 1_000_000


@pytest.mark.parametrize("content", ["[]", "{", '{"model_type": "llama", "hidden_size": -1}'])
def test_a_config_that_cannot_be_is_refused_with_its_place(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json"):
        read_shape(str(tmp_path))


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"did you mean 'llama-2-7b'"):
        read_shape("llama2-7b")
