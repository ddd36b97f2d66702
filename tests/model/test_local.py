"""A local model generates what transformers generates for each prompt alone, and is a copy when it is trained."""

import pytest
import torch

from taskfit.core.errors import ModelError
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.model.body import body_of, run_layers
from taskfit.model.local import flat_rows
from tiny_models import CAUSAL, FAMILIES, LAYERS, TinyModels

TALKS = [
    [Message("user", text)]
    for text in ("the cat sat", "好", "很 不 喜欢 菜 太 咸 and the dog ran to see why it was good", "bad", "送餐 快")
]


@pytest.mark.parametrize("family", CAUSAL)
def test_generates_what_each_prompt_alone_gives(tiny: TinyModels, family: str) -> None:
    model, plain = tiny.open(family), tiny.plain(family)
    meter = Meter()
    answers = model.generate(TALKS, max_tokens=9, meter=meter)
    ends = model.tokenizer.eos_token_id
    for talk, answer in zip(TALKS, answers, strict=True):
        ids = model.encode([model.render(talk)])[0]
        with torch.inference_mode():
            said: list[int] = []
            while len(said) < 9 and (not said or said[-1] != ends):
                said.append(int(plain(torch.tensor([ids + said])).logits[0, -1].argmax()))
        finished = said[-1] == ends
        text = model.tokenizer.decode(said[:-1] if finished else said, skip_special_tokens=True)
        assert (answer.text, answer.finish) == (text, "stop" if finished else "length")
        assert (answer.tokens_in, answer.tokens_out) == (len(ids), len(said))
    assert meter.requests == len(TALKS)
    assert meter.tokens == sum(answer.tokens_in + answer.tokens_out for answer in answers)
    assert meter.flops > 0


def test_generation_ends_at_the_end_token(tiny: TinyModels) -> None:
    model = tiny.open("llama").fork()
    with torch.no_grad():  # make the end of text the likeliest token everywhere
        norm = model.network.get_submodule("model.norm").weight
        hidden = model.hidden(model.encode([model.render(TALKS[0])]))[0].clone()
        model.head[model.tokenizer.eos_token_id] = 50 * hidden.mean(0) / norm.abs().mean()
    answers = model.generate(TALKS[:1], max_tokens=9, meter=Meter())
    assert (answers[0].text, answers[0].finish, answers[0].tokens_out) == ("", "stop", 1)


@pytest.mark.parametrize("family", FAMILIES)
def test_layers_may_be_run_in_stretches(tiny: TinyModels, family: str) -> None:
    model = tiny.open(family)
    ids, positions, layout = flat_rows(model.encode(["the cat", "好 坏 电影"], special=True), causal=model.body.causal)
    with torch.inference_mode():
        start = model.body.embed(ids, positions)
        whole = run_layers(model.body, start, positions, layout, 0, LAYERS)
        for cut in range(LAYERS + 1):
            lower = run_layers(model.body, start, positions, layout, 0, cut)
            assert torch.equal(run_layers(model.body, lower, positions, layout, cut, LAYERS), whole)


def test_unknown_families_are_refused() -> None:
    with pytest.raises(ModelError, match="models of the type 'mamba' are not supported; supported types: bert, gpt2"):
        body_of(torch.nn.Linear(1, 1), "mamba")


def test_flat_rows_by_hand() -> None:
    ids, positions, layout = flat_rows([[7, 8], [9], [5, 4, 3]], causal=True)
    assert ids.tolist() == [7, 8, 9, 5, 4, 3]
    assert positions.tolist() == [0, 1, 0, 0, 1, 2]
    assert layout.spans == [(0, 2), (2, 3), (3, 6)]


def test_chat_models_render_by_their_template(tiny: TinyModels) -> None:
    talk = [Message("system", "s"), Message("user", "u")]
    assert tiny.open("llama", chat=True).render(talk) == "<|system|>s<|end|>\n<|user|>u<|end|>\n<|assistant|>"
    assert tiny.open("llama").render(talk) == "s\n\nu\n"
    assert tiny.open("llama", chat=True).card.chat
