"""LoRA that starts from what its modules read: PEFT's directions, nothing added, plain files, clear words."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import EvaConfig, LoraConfig, get_peft_model, initialize_lora_eva_weights
from peft.utils.incremental_pca import IncrementalPCA

from engine.learners import rows_of
from taskfit.app.settings import method_class
from taskfit.app.train import TrainSettings, train_run
from taskfit.core.errors import NotPossible
from taskfit.core.files import read_json
from taskfit.engine.eva import begin_eva
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.lora import LoraShape, add_lora
from taskfit.engine.wrap import inner_names, quantized
from taskfit.model.local import LocalModel
from tiny_models import CAUSAL, TinyModels

R, ROWS, LENGTH = 4, 12, 16
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def even_rows(model: LocalModel, count: int = ROWS, length: int = LENGTH) -> list[Row]:
    """Return rows of one length: PEFT's batch then has the same tokens, none of them padding."""
    drawn = torch.Generator().manual_seed(3)
    ids = torch.randint(5, model.card.vocabulary, (count, length), generator=drawn).tolist()
    return [Row(one, [1] * length) for one in ids]


def begun(model: LocalModel, rows: list[Row], r: int = R) -> LocalModel:
    tuned = add_lora(model, LoraShape(r=r, alpha=8, start="eva"), 1)
    begin_eva(TokenLearner(tuned, rows), tuned.network)
    return tuned


def a_matrices(network: Any) -> dict[str, torch.Tensor]:
    return {name: one for name, one in network.named_parameters() if ".lora_A." in name}


@pytest.mark.parametrize("family", CAUSAL)
def test_the_directions_are_those_of_peft(tiny: TinyModels, family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directions up to their sign, each cosine to 1e-4: inputs differ by rounding (1e-6), which close variances enlarge.

    PEFT sketches inputs of any size, which alone moves directions of 32 numbers by up to 3e-3; here it is exact, too.
    The last layer is left out: ours computes there only what the loss needs, PEFT's pass everything.
    """
    monkeypatch.setattr(IncrementalPCA, "_svd_fn_lowrank", IncrementalPCA._svd_fn_full)
    model = tiny.open(family)
    rows = even_rows(model)
    ours = a_matrices(begun(model, rows).network)
    config = LoraConfig(
        r=R,
        lora_alpha=8,
        target_modules=inner_names(model),
        fan_in_fan_out=family == "gpt2",
        init_lora_weights="eva",
        eva_config=EvaConfig(rho=1.0),
    )
    theirs = get_peft_model(tiny.plain(family), config, low_cpu_mem_usage=True)
    ids = torch.tensor([row.ids for row in rows])
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}
    initialize_lora_eva_weights(theirs, [batch], show_progress_bar=False)
    found = a_matrices(theirs)
    assert found.keys() == ours.keys()
    last = f".{model.card.layers - 1}."
    compared = {name: a for name, a in found.items() if last not in name}
    assert len(compared) >= 4 * (model.card.layers - 1)
    for name, a in compared.items():
        alike = (a * ours[name]).sum(1).abs() / a.norm(dim=1)
        torch.testing.assert_close(alike, torch.ones(R), rtol=0, atol=1e-4, msg=lambda told, n=name: f"{n}: {told}")


@pytest.mark.parametrize("family", CAUSAL)
def test_nothing_is_added_at_the_start_and_the_directions_are_orthonormal(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    tuned = begun(model, rows_of(model, 12))
    texts = model.encode(["the cat sat 好", "很 不 喜欢 菜"])
    torch.testing.assert_close(tuned.hidden(texts)[0], model.hidden(texts)[0], rtol=0, atol=0)
    for a in a_matrices(tuned.network).values():
        torch.testing.assert_close(a @ a.T, torch.eye(R), rtol=0, atol=1e-4)
        assert a.requires_grad


def test_directions_are_the_principal_ones_of_what_is_read(tiny: TinyModels) -> None:
    """Against a plain singular value decomposition of the centred inputs of the first layer, computed here."""
    model = tiny.open("llama")
    rows = even_rows(model)
    tuned = begun(model, rows, r=8)
    layer = model.network.model.layers[0]
    with torch.no_grad():
        ids = torch.tensor([token for row in rows for token in row.ids])
        states = layer.input_layernorm(model.network.get_input_embeddings()(ids))
    directions = torch.linalg.svd(states - states.mean(0), full_matrices=False)[2][:8]
    matrices = a_matrices(tuned.network)
    for part in "qkv":
        (a,) = (one for name, one in matrices.items() if f"layers.0.self_attn.{part}_proj" in name)
        torch.testing.assert_close((a * directions).sum(1).abs(), torch.ones(8), rtol=0, atol=1e-4)


def test_it_begins_on_a_quantised_base_too(tiny: TinyModels) -> None:
    model = quantized(tiny.open("llama"), 4)
    tuned = begun(model, even_rows(model))
    assert all(torch.isfinite(a).all() for a in a_matrices(tuned.network).values())


def test_fewer_tokens_than_directions_are_told(tiny: TinyModels) -> None:
    model = tiny.open("llama")
    with pytest.raises(NotPossible, match="start: eva needs 8 tokens at once"):
        begun(model, even_rows(model, count=1, length=6), r=8)


def test_it_goes_with_dropout_and_dora_which_add_nothing_at_the_start_either() -> None:
    for more in ({"dropout": 0.1}, {"dora": True}):
        assert method_class("lora").read({"start": "eva", **more}).model_dump()["start"] == "eva"
    assert method_class("qlora").read({"start": "eva"}).model_dump()["start"] == "eva"


def test_a_training_starts_so_and_leaves_a_plain_adapter(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    lines = [f"a {word} day number {n},{word}" for n in range(16) for word in ("good", "bad")]
    rows.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    settings: dict[str, Any] = {"lr": 1e-3, "max_steps": 2, "batch": 8, "r": R, "start": "eva", "patience": None}
    values = {"method": "lora", "settings": settings, "rows": str(rows), "threads": 1, "model": "tiny"}
    run = train_run(TrainSettings.read({**values, "run": str(tmp_path / "eva")}))
    config = read_json(run / "adapter" / "adapter_config.json")
    assert config["r"] == R
    assert config["init_lora_weights"] is True  # what a reader of PEFT's files understands without the rows
