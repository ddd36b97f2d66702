"""LoRA in three products equals PEFT's own modules: outputs, gradients, and all the cases left to PEFT."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from taskfit.engine.quick_lora import quicken


def _network(**options):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(12, 20), torch.nn.SiLU(), torch.nn.Linear(20, 7))
    found = get_peft_model(
        net, LoraConfig(r=3, lora_alpha=6, target_modules=["0", "2"], init_lora_weights=False, **options)
    )
    for name, parameter in found.named_parameters():
        parameter.requires_grad_("lora" in name)
    return found


def _run(network, x):
    x = x.clone().requires_grad_()
    out = network(x)
    out.square().sum().backward()
    return out.detach(), x.grad, {name: p.grad for name, p in network.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_outputs_and_gradients_are_those_of_peft(dtype: torch.dtype) -> None:
    theirs = _network().to(dtype)
    ours = copy.deepcopy(theirs)
    assert quicken(ours) == 2
    x = torch.randn(1, 9, 12, generator=torch.Generator().manual_seed(1)).to(dtype)
    # float32: other order of sums; bfloat16 has 8 bits, and PEFT rounds once more between the two terms
    close = {"rtol": 1e-4, "atol": 1e-5} if dtype == torch.float32 else {"rtol": 0.1, "atol": 0.3}
    (out, dx, grads), (out2, dx2, grads2) = _run(ours, x), _run(theirs, x)
    torch.testing.assert_close(out, out2, **close)
    torch.testing.assert_close(dx, dx2, **close)
    assert grads.keys() == grads2.keys()
    for name, gradient in grads.items():
        torch.testing.assert_close(gradient, grads2[name], **close, msg=name)


def test_adapter_off_is_the_base_exactly() -> None:
    network = _network()
    x = torch.randn(2, 12)
    quicken(network)
    with network.disable_adapter():
        off = network(x)
    base = network.unload()
    assert torch.equal(off, base(x))


def test_merging_gives_the_same_answers() -> None:
    network = _network()
    quicken(network)
    x = torch.randn(2, 12)
    before = network(x)
    torch.testing.assert_close(network.merge_and_unload()(x), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}])
def test_what_is_not_plain_lora_is_left_to_peft(options: dict[str, object]) -> None:
    assert quicken(_network(**options)) == 0
