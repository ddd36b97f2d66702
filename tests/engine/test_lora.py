"""LoRA with its options: the same numbers as PEFT, files that PEFT reads and writes, clear words where it cannot be."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from engine.oracle import assert_same_gradients, learner_of, our_gradients, their_gradients
from taskfit.app.settings import method_class
from taskfit.core.errors import NotPossible, UsageError
from taskfit.engine.lora import LoraShape, add_lora, olora, pissa, save_lora
from taskfit.engine.wrap import inner_names, load_adapter
from taskfit.model.local import LocalModel
from tiny_models import FAMILIES, TinyModels

TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Model has `tie_word_embeddings=True`:UserWarning"),
]
every_family = pytest.mark.parametrize("family", FAMILIES)


def hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


def moved(model: LocalModel) -> LocalModel:
    """Give every trained weight a change, as training would; the same each time."""
    drawn = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in model.network.parameters():
            if weight.requires_grad:
                weight.add_(0.05 * torch.randn(weight.shape, generator=drawn))
    return model


def plain_peft(tiny: TinyModels, family: str, tuned: LocalModel, **options: Any) -> Any:
    """Return PEFT's own network with the same options and the same trained weights."""
    names = inner_names(tiny.open(family))
    config = LoraConfig(r=4, lora_alpha=8, target_modules=names, fan_in_fan_out=family == "gpt2", **options)
    network = get_peft_model(tiny.plain(family), config)
    ours = dict(tuned.network.named_parameters())
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if weight.requires_grad:
                weight.copy_(ours[name])
    return network


@every_family
@pytest.mark.parametrize("option", ["plain", "dora", "rslora"])
def test_loss_and_gradients_are_those_of_peft_on_a_padded_batch(tiny: TinyModels, family: str, option: str) -> None:
    base = tiny.open(family)
    shape = LoraShape(r=4, alpha=8, dora=option == "dora", rslora=option == "rslora")
    tuned = moved(add_lora(base, shape, 1))
    theirs = plain_peft(tiny, family, tuned, use_dora=option == "dora", use_rslora=option == "rslora")
    learner = learner_of(tuned, base)
    assert_same_gradients(our_gradients(learner), their_gradients(theirs, learner))


@every_family
def test_pissa_is_that_of_peft_and_leaves_the_base_as_it_is(tiny: TinyModels, family: str) -> None:
    base = tiny.open(family)
    before = hidden(base)
    tuned = add_lora(base, LoraShape(r=4, alpha=8, start="pissa"), 1)
    torch.testing.assert_close(hidden(tuned), before, rtol=0, atol=1e-4 * float(before.abs().max()))
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=inner_names(base), fan_in_fan_out=family == "gpt2", init_lora_weights="pissa"
    )
    theirs = get_peft_model(tiny.plain(family), config)
    ours = dict(tuned.network.named_parameters())
    for name, weight in theirs.named_parameters():
        if weight.requires_grad:  # LAPACK may turn the sign of a pair of singular vectors, but not between two calls
            torch.testing.assert_close(ours[name], weight, rtol=1e-4, atol=1e-5)
    learner = learner_of(tuned, base)
    ours_found, theirs_found = our_gradients(learner), their_gradients(theirs, learner)
    torch.testing.assert_close(ours_found[0], theirs_found[0], rtol=1e-4, atol=0)
    for name, gradient in theirs_found[1].items():  # W - B A is rounded once there and summed here
        near = 1e-3 * float(gradient.abs().max())
        torch.testing.assert_close(ours_found[1][name], gradient, rtol=1e-3, atol=near)
    with tuned.network.disable_adapter():
        assert torch.equal(hidden(tuned), before)
    assert torch.equal(hidden(base), before)


@pytest.mark.parametrize("start", [pissa, olora])
def test_a_start_is_the_part_of_the_matrix_that_it_says(start: Any) -> None:
    weight = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    a, b = start(weight, 6, 2.0)
    assert a.shape == (6, 9)
    assert b.shape == (6, 6)
    whole = 2.0 * b @ a if start is pissa else b @ a
    torch.testing.assert_close(whole, weight, rtol=1e-4, atol=1e-5)
    if start is pissa:
        a, b = pissa(weight, 2, 2.0)
        rest = torch.linalg.svdvals(weight - 2.0 * b @ a)
        torch.testing.assert_close(rest[:4], torch.linalg.svdvals(weight)[2:], rtol=1e-4, atol=1e-5)


@every_family
@pytest.mark.parametrize(
    "shape",
    [
        LoraShape(r=4, alpha=8),
        LoraShape(r=4, alpha=8, dora=True),
        LoraShape(r=4, alpha=8, rslora=True, start="pissa"),
        LoraShape(r=4, alpha=8, start="olora"),
    ],
    ids=["plain", "dora", "pissa", "olora"],
)
def test_a_saved_adapter_is_the_same_here_and_in_plain_peft(
    tiny: TinyModels, family: str, shape: LoraShape, tmp_path: Path
) -> None:
    base = tiny.open(family)
    tuned = moved(add_lora(base, shape, 1))
    save_lora(tuned, tmp_path)
    back = load_adapter(base, tmp_path)
    torch.testing.assert_close(hidden(back), hidden(tuned), rtol=0, atol=0 if shape.start == "default" else 1e-5)
    with back.network.disable_adapter():
        assert torch.equal(hidden(back), hidden(base))
    plain = PeftModel.from_pretrained(tiny.plain(family), tmp_path / "adapter").eval()
    _agrees(plain, tuned, family)


def _agrees(plain: Any, tuned: LocalModel, family: str) -> None:
    inner = plain.get_base_model() if family == "bert" else plain.get_base_model().base_model
    rows = tuned.encode(TEXTS, special=True)
    with torch.inference_mode():
        theirs = torch.cat([inner(torch.tensor([row]))[0][0] for row in rows])
    torch.testing.assert_close(hidden(tuned), theirs, rtol=0, atol=2e-5 * float(theirs.abs().max()))


@every_family
def test_an_adapter_written_by_plain_peft_is_read(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    base = tiny.open(family)
    theirs = plain_peft(tiny, family, moved(add_lora(base, LoraShape(r=4, alpha=8), 1)))
    theirs.save_pretrained(tmp_path / "adapter")
    ours = load_adapter(base, tmp_path)
    assert float((hidden(ours) - hidden(base)).abs().max()) > 0.01
    _agrees(theirs.eval(), ours, family)


@pytest.mark.parametrize(
    ("family", "ends"),
    [("llama", ("embed_tokens",)), ("llama", ("lm_head",)), ("qwen2", ("lm_head",)), ("gpt2", ("wte",))],
)
def test_embeddings_and_heads_are_trained_on_demand_and_stay_tied(
    tiny: TinyModels, family: str, ends: tuple[str, ...], tmp_path: Path
) -> None:
    base = tiny.open(family)
    before = base.head.clone()
    tuned = moved(add_lora(base, LoraShape(r=4, alpha=8, whole=ends), 1))
    trained = [name for name, weight in tuned.network.named_parameters() if weight.requires_grad]
    assert sum("lora" not in name for name in trained) == 1
    embedding = tuned.network.get_input_embeddings().weight
    assert (tuned.head is embedding) == (base.head is base.network.get_input_embeddings().weight)
    assert not torch.equal(tuned.head, before)
    learner = learner_of(tuned, base)
    assert all(weight.grad is not None for weight in _with_gradients(learner))
    save_lora(tuned, tmp_path)
    back = load_adapter(base, tmp_path)
    assert torch.equal(hidden(back), hidden(tuned))
    assert torch.equal(back.head, tuned.head)
    assert torch.equal(base.head, before)


def _with_gradients(learner: Any) -> list[Any]:
    our_gradients(learner)
    return list(learner.trained().values())


def test_targets_are_ends_of_names_or_expressions(tiny: TinyModels) -> None:
    base = tiny.open("llama")

    def at(*targets: str) -> set[str]:
        tuned = add_lora(base, LoraShape(r=4, alpha=8, targets=targets), 1)
        return {
            name.removeprefix("base_model.model.").partition(".lora_A")[0]
            for name, weight in tuned.network.named_parameters()
            if weight.requires_grad and "lora_A" in name
        }

    assert at("q_proj", "v_proj") == {f"model.layers.{n}.self_attn.{p}_proj" for n in range(3) for p in "qv"}
    assert at(r"layers\.(0|2)\.mlp\..*") == {
        f"model.layers.{n}.mlp.{p}_proj" for n in (0, 2) for p in ("gate", "up", "down")
    }
    with pytest.raises(NotPossible, match=r"c_attn; there are: .*layers\.\*\.self_attn\.q_proj"):
        at("q_proj", "c_attn")
    with pytest.raises(NotPossible, match="proj"):
        at("proj")  # only whole parts of names


def test_a_rank_above_the_smallest_matrix_is_refused(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    add_lora(base, LoraShape(r=16, alpha=8), 1)  # keys and values have 16 outputs
    with pytest.raises(NotPossible, match=r"r = 17 .*k_proj \(16 x 32\)"):
        add_lora(base, LoraShape(r=17, alpha=8), 1)


def test_lora_plus_names_every_b_matrix(tiny: TinyModels) -> None:
    base = tiny.open("gpt2")
    method = method_class("lora").read({"plus": 16})
    factors = method.lr_factors(method.prepare(base, 0))
    assert set(factors.values()) == {16.0}
    assert len(factors) == len(inner_names(base))
    assert all(".lora_B." in name for name in factors)
    assert method_class("lora")().lr_factors(method.prepare(base, 0)) == {}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"start": "loftq"}, "start: loftq is not for this method"),
        ({"start": "pissa", "dora": True}, "do not go together"),
        ({"start": "pissa", "dropout": 0.1}, "dropout would drop"),
        ({"targets": ["q_proj("]}, "no regular expression"),
        ({"start": "best"}, "must be"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        method_class("lora").read(values)
