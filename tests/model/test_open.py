"""What may lie in a model folder: each damage is refused with one sentence that names the file or the tensor."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from taskfit.core.errors import ModelError
from taskfit.core.text import speak
from taskfit.model.open import open_local
from tiny_models import CAUSAL, CONTEXT, LAYERS, WIDTH, TinyModels

Damage = Callable[[Path], object]


def _config(**changes: Any) -> Damage:
    def damage(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def _bytes(name: str, change: Callable[[bytes], bytes]) -> Damage:
    return lambda folder: (folder / name).write_bytes(change((folder / name).read_bytes()))


def _tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Damage:
    def damage(folder: Path) -> None:
        tensors = load_file(folder / "model.safetensors")
        change(tensors)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})

    return damage


def _index(named: str) -> Damage:
    def damage(folder: Path) -> None:
        names = list(load_file(folder / "model.safetensors"))
        (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
        places = dict.fromkeys(names, "model-00001-of-00002.safetensors") | {names[0]: named}
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))

    return damage


def _norm(value: float) -> Damage:
    return _tensors(lambda tensors: tensors["model.norm.weight"][3:4].fill_(value))


def _write(name: str, content: str) -> Damage:
    return lambda folder: (folder / name).write_text(content)


def _rename(old: str, new: str) -> Damage:
    return lambda folder: (folder / old).rename(folder / new)


FEWER = _tensors(lambda tensors: tensors.pop("model.layers.1.mlp.up_proj.weight"))
OTHER_SHAPE = _tensors(lambda tensors: tensors.update({"model.norm.weight": torch.zeros(5)}))
DAMAGES: dict[str, tuple[Damage, str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json: this is not a model folder"),
    "torn config": (_bytes("config.json", lambda b: b[:50]), r"config.json: not valid JSON"),
    "config in another encoding": (_bytes("config.json", lambda b: b"\xff\xfe\x00"), r"config.json: not valid JSON"),
    "config is a list": (_write("config.json", "[1]"), r"config.json: a JSON object was expected"),
    "only pickles": (_rename("model.safetensors", "pytorch_model.bin"), r"pickle files, which can run code; convert"),
    "no weights": (_rename("model.safetensors", "notes.txt"), r"no .safetensors weights here"),
    "code": (_config(auto_map={"AutoModel": "evil.Model"}), r"'auto_map': asks to run code that comes with the model"),
    "attention code": (_config(_attn_implementation_internal="x/y"), r"'_attn_implementation_internal': asks for code"),
    "quantised": (_config(quantization_config={"quant_method": "x"}), r"the weights are quantised"),
    "adapter": (_write("adapter_config.json", "{}"), r"adapter_config.json: an adapter lies beside the weights"),
    "unknown type": (_config(model_type="rwkv9"), r"type 'rwkv9' are not supported; supported types: bert, gpt2"),
    "negative size": (_config(hidden_size=-1), r"'hidden_size' = -1 is not a possible size"),
    "text as size": (_config(intermediate_size="64"), r"'intermediate_size' = '64' is not a possible size"),
    "no keys": (_config(num_key_value_heads=0), r"'num_key_value_heads' = 0 is not a possible size"),
    "a billion layers": (_config(num_hidden_layers=10**9), r"'num_hidden_layers' = 1000000000 is not a possible size"),
    "million layers": (_config(num_hidden_layers=10**6), r"= 1000000, but the weights hold only \d+ tensors"),
    "heads": (_config(num_attention_heads=5), r"cannot load: .*not a multiple of the number of attention heads"),
    "unknown activation": (_config(hidden_act="nope"), r"cannot load: KeyError: 'nope'"),
    "padding outside": (_config(pad_token_id=99999), r"cannot load: .*[Pp]adding_idx"),
    "huge width": (
        _config(hidden_size=9_000_000),
        r"other shapes .*embed_tokens.weight \[\d+, 32\] / \[\d+, 9000000\]",
    ),
    "weights of nothing": (_tensors(dict.clear), r"'num_hidden_layers' = 3, but the weights hold only 0 tensors"),
    "other names": (
        _tensors(lambda tensors: [tensors.update({f"x.{name}": tensors.pop(name)}) for name in list(tensors)]),
        r"\d+ tensors are missing and would be random",
    ),
    "truncated": (_bytes("model.safetensors", lambda b: b[: len(b) // 2]), r"model.safetensors: damaged weights"),
    "empty": (_bytes("model.safetensors", lambda b: b""), r"model.safetensors: damaged weights"),
    "renamed pickle": (_bytes("model.safetensors", lambda b: b"\x80\x04K\x01."), r"model.safetensors: damaged weights"),
    "huge header": (_bytes("model.safetensors", lambda b: b"\xff" * 8 + b[8:]), r"model.safetensors: damaged weights"),
    "missing tensor": (FEWER, r"1 tensors are missing and would be random: model.layers.1.mlp.up_proj.weight"),
    "too many layers": (_config(num_hidden_layers=5), r"18 tensors are missing and would be random: model.layers.3"),
    "too few layers": (_config(num_hidden_layers=2), r"9 tensors of layers have no place .*: model.layers.2"),
    "shape": (OTHER_SHAPE, r"1 tensors have other shapes .*: model.norm.weight \[5\] / \[32\]"),
    "nan": (_norm(float("nan")), r"tensor model.norm.weight holds NaN or infinity"),
    "infinity": (_norm(float("-inf")), r"tensor model.norm.weight holds NaN or infinity"),
    "absent shard": (_index("model-00002-of-00002.safetensors"), r"names weight files that are not here: model-00002"),
    "shard elsewhere": (_index("../../../etc/passwd"), r"names weight files that are not here: ../../../etc/passwd"),
    "absolute shard": (_index("/etc/passwd"), r"names weight files that are not here: /etc/passwd"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), r"cannot load: ValueError"),
    "torn tokenizer": (_bytes("tokenizer.json", lambda b: b[: len(b) // 2]), r"cannot load: JSONDecodeError"),
    "empty tokenizer": (_write("tokenizer.json", "{}"), r"cannot load: KeyError"),
    "template syntax": (
        _write("chat_template.jinja", "{% for"),
        r"chat_template.jinja: the chat template cannot be used",
    ),
    "template reaches out": (
        _write("chat_template.jinja", "{{ messages.__class__.__mro__[1].__subclasses__() }}"),
        r"the chat template is refused",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_refuses(tiny: TinyModels, tmp_path: Path, name: str) -> None:
    damage, said = DAMAGES[name]
    folder = tiny.copy("llama", tmp_path / "model")
    damage(folder)
    begun = time.perf_counter()
    with pytest.raises(ModelError, match=said) as caught:
        open_local(str(folder))
    assert str(folder) in str(caught.value) or "chat template" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert time.perf_counter() - begun < 5
    speak("zh")
    try:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(caught.value))
    finally:
        speak("en")


def test_tells_all_impossible_sizes_at_once(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tiny.copy("llama", tmp_path / "model")
    _config(hidden_size=0, vocab_size=True, auto_map={})(folder)
    with pytest.raises(ModelError) as caught:
        open_local(str(folder))
    assert [finding.what.en.split()[0].strip(":'") for finding in caught.value.findings] == [
        "auto_map",
        "hidden_size",
        "vocab_size",
    ]


def test_far_too_few_weights_are_refused_before_memory_is_taken(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tiny.copy("llama", tmp_path / "model")
    _tensors(lambda tensors: [tensors.update({f"x.{name}": tensors.pop(name)}) for name in list(tensors)])(folder)
    _config(hidden_size=8_000_000)(folder)
    with pytest.raises(ModelError, match=r"config.json asks for [\d,]{12,} numbers, the weights hold \d\d,\d+$"):
        open_local(str(folder))


def test_a_tokenizer_larger_than_the_embedding_is_refused(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tiny.copy("llama", tmp_path / "model")
    config = json.loads((folder / "tokenizer.json").read_text())
    config["model"]["vocab"]["zzz"] = 400  # fewer tokens than rows, but one of them far beyond the rows
    (folder / "tokenizer.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"ids up to 400, the embedding has only \d+ rows"):
        open_local(str(folder))


def test_a_name_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model folder .*or allow a download from the hub with --online"):
        open_local(str(tmp_path / "nothing"))


@pytest.mark.parametrize("family", ["llama", "gpt2", "bert"])
def test_the_card_says_what_the_model_is(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    card = model.card
    assert (card.layers, card.width, card.context, card.family) == (LAYERS, WIDTH, CONTEXT, family)
    assert card.architecture == ("causal" if family in CAUSAL else "encoder")
    assert ("generate" in card.abilities) == (family in CAUSAL)
    assert card.parameters == sum(p.numel() for p in model.network.parameters())
    assert card.parameters - card.parameters_body == model.network.get_input_embeddings().weight.numel()
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


def test_an_untied_head_counts_as_outside_the_body(tiny: TinyModels) -> None:
    model = tiny.open("qwen2")
    assert model.card.parameters - model.card.parameters_body == 2 * model.head.numel()


def test_the_fingerprint_tells_weights_and_tokenizers_apart(tiny: TinyModels, tmp_path: Path) -> None:
    same = tiny.copy("llama", tmp_path / "same")
    os.utime(same / "model.safetensors", (1, 1))
    other = tiny.copy("llama", tmp_path / "other")
    _norm(0.5)(other)
    wanted = tiny.open("llama").card.fingerprint
    assert open_local(str(same)).card.fingerprint == wanted
    assert open_local(str(other)).card.fingerprint != wanted
    assert tiny.open("llama", chat=True).card.fingerprint != wanted


def test_opens_in_bfloat16(tiny: TinyModels) -> None:
    model, full = open_local(str(tiny.folder("llama")), dtype="bfloat16"), tiny.open("llama")
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.bfloat16}
    # Rotary tables in bfloat16 would be wrong by whole turns for far tokens.
    assert all(buffer.dtype == torch.float32 for name, buffer in model.network.named_buffers() if "inv_freq" in name)
    rows = model.encode(["the cat sat 好 电影"])
    gap = (model.hidden(rows)[0].float() - full.hidden(rows)[0]).abs().max()
    assert 0 < float(gap) < 0.2  # 8 bits of mantissa through three layers


def test_a_window_limits_the_context(tiny: TinyModels, tmp_path: Path) -> None:
    # Mistral's layers see only the last `sliding_window` tokens; the flat stream lets every token see all.
    folder = tiny.copy("llama", tmp_path / "model")
    _config(model_type="mistral", architectures=["MistralForCausalLM"], sliding_window=100)(folder)
    assert open_local(str(folder)).card.context == 100
    _config(sliding_window=20)(folder)
    with pytest.raises(ModelError, match="does not run correctly without padding"):
        open_local(str(folder))
    _config(sliding_window=None)(folder)
    assert open_local(str(folder)).card.context == CONTEXT


def test_folders_of_several_weight_files_open(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tiny.copy("llama", tmp_path / "model")
    _index("model-00001-of-00002.safetensors")(folder)
    rows = tiny.open("llama").encode(["the cat"])
    assert torch.equal(open_local(str(folder)).hidden(rows)[0], tiny.open("llama").hidden(rows)[0])


def test_extra_tensors_outside_the_layers_are_no_fault(tiny: TinyModels, tmp_path: Path) -> None:
    folder = tiny.copy("bert", tmp_path / "model")
    _tensors(lambda tensors: tensors.update({"pooler.dense.weight": torch.zeros(WIDTH, WIDTH)}))(folder)
    assert open_local(str(folder)).card.layers == LAYERS


def test_real_models_open(shared_models: Path) -> None:
    model = open_local(str(shared_models / "stories260K-llama"))
    assert (model.card.architecture, model.card.layers, model.card.width) == ("causal", 5, 64)
