"""IA3: the numbers of PEFT's own modules, files that both read, nothing left when it is switched off."""

from pathlib import Path

import pytest
import torch
from peft import IA3Config, PeftModel, get_peft_model

from engine.oracle import assert_same_gradients, learner_of, our_gradients, their_gradients
from taskfit.app.settings import method_class
from taskfit.engine.wrap import adapter_off
from taskfit.model.local import LocalModel
from tiny_models import FAMILIES, LAYERS, TinyModels

TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]
# Keys, values, and what the second feed-forward matrix reads, as in section 3.3 of the paper (GPT-2 keeps q, k, v in one).
TARGETS = {
    "llama": (["k_proj", "v_proj", "down_proj"], ["down_proj"]),
    "qwen2": (["k_proj", "v_proj", "down_proj"], ["down_proj"]),
    "gpt2": (["c_attn", "mlp.c_proj"], ["mlp.c_proj"]),
    "bert": (
        ["key", "value", *(f"{n}.output.dense" for n in range(LAYERS))],
        [f"{n}.output.dense" for n in range(LAYERS)],
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_it_is_that_of_peft(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    base, method = tiny.open(family), method_class("ia3")()
    before = hidden(base)
    tuned = method.prepare(base, 1)
    torch.testing.assert_close(hidden(tuned), before, rtol=0, atol=0)  # all scales are 1
    drawn = torch.Generator().manual_seed(9)
    with torch.no_grad():
        for weight in tuned.network.parameters():
            if weight.requires_grad:
                weight.add_(0.2 * torch.randn(weight.shape, generator=drawn))
    targets, inner = TARGETS[family]
    config = IA3Config(target_modules=targets, feedforward_modules=inner, fan_in_fan_out=family == "gpt2")
    theirs = get_peft_model(tiny.plain(family), config)
    ours = dict(tuned.network.named_parameters())
    with torch.no_grad():
        for name, weight in theirs.named_parameters():
            if weight.requires_grad:
                weight.copy_(ours[name])
    learner = learner_of(tuned, base)
    assert_same_gradients(our_gradients(learner), their_gradients(theirs, learner))
    method.save_weights(tuned, tmp_path)
    back = method.load_weights(base, tmp_path)
    assert torch.equal(hidden(back), hidden(tuned))
    with adapter_off(back):
        assert torch.equal(hidden(back), before)
    plain = PeftModel.from_pretrained(tiny.plain(family), tmp_path / "adapter").eval()
    network = plain.get_base_model() if family == "bert" else plain.get_base_model().base_model
    with torch.inference_mode():
        rows = [torch.tensor([row]) for row in base.encode(TEXTS, special=True)]
        near = torch.cat([network(row)[0][0] for row in rows])
    torch.testing.assert_close(hidden(back), near, rtol=0, atol=1e-5 * float(near.abs().max()))
