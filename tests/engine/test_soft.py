"""Soft prompts: the same as PEFT in training, scoring and writing; nothing moves when they are switched off."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, get_peft_model

from engine.learners import desk_at, rows_of
from engine.oracle import assert_same_gradients, learner_of, our_gradients, their_gradients
from taskfit.core.errors import DataError, NotPossible
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.engine.learner import Row, TokenLearner
from taskfit.engine.loop import LoopSettings, train
from taskfit.engine.recompute import recompute_layers
from taskfit.engine.score import score_labels
from taskfit.engine.soft import SoftShape, _config, add_soft, first_ids
from taskfit.engine.wrap import adapter_off, load_adapter, save_adapter
from taskfit.model.flat import LONGEST_EXPLICIT
from taskfit.model.local import LocalModel
from tiny_models import CAUSAL, CONTEXT, FAMILIES, TinyModels

COUNT = 5
TEXTS = ["the cat sat 好", "很 不 喜欢 菜 and the dog ran"]
SHAPES = {
    "prompt": SoftShape("prompt", COUNT),
    "p-mlp": SoftShape("p_tuning", COUNT, encoder="mlp"),
    "p-lstm": SoftShape("p_tuning", COUNT, encoder="lstm", units=7),
    "prefix": SoftShape("prefix", COUNT),
    "prefix-mlp": SoftShape("prefix", COUNT, encoder="mlp", units=7),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
every_causal = pytest.mark.parametrize("family", CAUSAL)
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


def hidden(model: LocalModel) -> torch.Tensor:
    return model.hidden(model.encode(TEXTS, special=True))[0]


def plain_peft(tiny: TinyModels, family: str, tuned: LocalModel, shape: SoftShape) -> Any:
    """Return PEFT's own network over transformers' plainest attention, with the same trained tokens."""
    theirs = get_peft_model(tiny.plain(family), _config(tiny.open(family), shape))
    state = {name: value for name, value in tuned.network.state_dict().items() if "prompt_encoder" in name}
    theirs.load_state_dict(state, strict=False)
    return theirs


@every_family
@every_shape
def test_loss_and_gradients_are_those_of_peft_on_a_padded_batch(
    tiny: TinyModels, family: str, shape: SoftShape
) -> None:
    base = tiny.open(family)
    tuned = add_soft(base, shape, 1)
    learner = learner_of(tuned, base)
    theirs = plain_peft(tiny, family, tuned, shape)
    in_front = 0 if shape.kind == "prefix" else COUNT  # of the output
    assert_same_gradients(our_gradients(learner), their_gradients(theirs, learner, in_front))


@pytest.mark.parametrize("family", ["llama", "qwen2"])
@pytest.mark.parametrize("name", ["prompt", "prefix"])
def test_a_beginning_that_all_rows_share_runs_once_behind_the_trained_tokens(
    tiny: TinyModels, family: str, name: str
) -> None:
    base = tiny.open(family)
    begin = base.encode(["the cat sat on a mat and the dog ran"])[0]
    rows = [Row([*begin, *row.ids], [*[False] * len(begin), *row.learn]) for row in rows_of(base, 5)]
    tuned = add_soft(base, SHAPES[name], 1)
    learner = TokenLearner(tuned, rows)
    assert learner.shared >= len(begin)
    assert_same_gradients(
        our_gradients(learner), their_gradients(plain_peft(tiny, family, tuned, SHAPES[name]), learner)
    )


@every_family
@pytest.mark.parametrize("name", ["prompt", "prefix"])
def test_long_rows_run_by_the_fused_kernel_are_the_same(
    tiny: TinyModels, family: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tiny.open(family)
    short = our_gradients(learner_of(add_soft(base, SHAPES[name], 1), base))
    assert LONGEST_EXPLICIT > 1
    monkeypatch.setattr("taskfit.model.flat.LONGEST_EXPLICIT", 1)
    assert_same_gradients(our_gradients(learner_of(add_soft(base, SHAPES[name], 1), base)), short)


@every_causal
@every_shape
def test_layers_computed_again_give_the_same_gradients(tiny: TinyModels, family: str, shape: SoftShape) -> None:
    base = tiny.open(family)
    tuned = add_soft(base, shape, 1)
    kept = our_gradients(learner_of(tuned, base))
    again = add_soft(base, shape, 1)
    recompute_layers(again)
    learner = learner_of(again, base)
    learner.mode(training=True)
    for module in again.network.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    loss = learner.loss(range(learner.rows), sum(map(learner.weight, range(learner.rows))))
    loss.backward()
    named = again.network.named_parameters()
    assert_same_gradients((loss.detach(), {n: p.grad for n, p in named if p.grad is not None}), kept)


@every_causal
@pytest.mark.parametrize("name", ["prompt", "prefix"])
def test_label_scores_are_those_of_running_each_text(tiny: TinyModels, family: str, name: str) -> None:
    base = tiny.open(family)
    tuned = add_soft(base, SHAPES[name], 1)
    questions = base.encode([f"the cat sat on a mat {word}" for word in ("好", "and the dog", "很 不")])
    labels = base.encode([" good", " bad 好", " good or bad"])
    found = score_labels(tuned, questions, labels)
    assert found.prefix_tokens >= 4, "a shared prefix was to be tested"
    theirs = plain_peft(tiny, family, tuned, SHAPES[name]).eval()
    in_front = 0 if name == "prefix" else COUNT
    with torch.inference_mode():
        for row, question in enumerate(questions):
            for column, label in enumerate(labels):
                ids = torch.tensor([[*question, *label]])
                log_p = theirs(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0, in_front:].log_softmax(-1)
                said = sum(float(log_p[len(question) - 1 + i, token]) for i, token in enumerate(label))
                assert found.values[row, column] == pytest.approx(said, rel=1e-4)


@every_causal
@pytest.mark.parametrize("name", ["prompt", "prefix"])
def test_what_is_written_is_the_most_likely_next_token_by_the_flat_stream(
    tiny: TinyModels, family: str, name: str
) -> None:
    tuned = add_soft(tiny.open(family), SHAPES[name], 1)
    talks = [[Message("user", text)] for text in ("the cat", "很 不 喜欢 菜", "dog ran to see why it was good")]
    written = tuned.generate(talks, max_tokens=6, meter=Meter())
    for talk, generation in zip(talks, written, strict=True):
        ids = tuned.encode([tuned.render(talk)])[0]
        new: list[int] = []
        for _ in range(6):
            states, _ = tuned.hidden([[*ids, *new]])
            new.append(int((states[-1] @ tuned.head.T).argmax()))
            if new[-1] in tuned.ends:
                break
        kept = [token for token in new if token not in tuned.ends]
        assert generation.text == tuned.tokenizer.decode(kept, skip_special_tokens=True)


@every_family
@every_shape
def test_saved_it_is_the_same_here_and_in_plain_peft_and_switched_off_it_is_the_base(
    tiny: TinyModels, family: str, shape: SoftShape, tmp_path: Path
) -> None:
    base = tiny.open(family)
    before = hidden(base)
    tuned = add_soft(base, shape, 1)
    assert tuned.card.context == CONTEXT - COUNT
    learner = learner_of(tuned, base)
    train(learner, LoopSettings(epochs=1, batch=3, lr=0.05), desk=desk_at(tmp_path)[0])
    learner.mode(training=False)
    assert float((hidden(tuned) - before).abs().max()) > 0.01
    save_adapter(tuned, tmp_path)
    back = load_adapter(base, tmp_path)
    # What an LSTM made is rounded otherwise while it could still be trained.
    torch.testing.assert_close(hidden(back), hidden(tuned), rtol=0, atol=1e-5 if shape.encoder == "lstm" else 0)
    assert back.card == tuned.card
    with adapter_off(back):
        assert torch.equal(hidden(back), before)
    assert torch.equal(hidden(base), before)
    plain = PeftModel.from_pretrained(tiny.plain(family), tmp_path / "adapter").eval()
    rows = tuned.encode(TEXTS, special=True)
    for row in rows:
        ids = torch.tensor([row])
        with torch.inference_mode():
            out = plain(input_ids=ids, attention_mask=torch.ones_like(ids))
            ours = tuned.hidden([row])[0]
        theirs = out[0][0] if family == "bert" else out.logits[0]
        theirs = theirs[theirs.shape[0] - len(row) :]
        mine = ours if family == "bert" else ours @ tuned.head.T
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))


@every_family
def test_a_prefix_begins_as_words_that_the_model_read(tiny: TinyModels, family: str) -> None:
    base = tiny.open(family)
    words = "the cat sat on a mat"
    count = len(base.encode([words])[0])
    ids = base.encode([words])[0]
    row = base.encode([" 很 不"])[0]
    for kind in ("prompt", "prefix") if base.body.causal else ("prompt",):
        tuned = add_soft(base, SoftShape(kind, count, words), 1)  # type: ignore[arg-type]  # a kind
        read = base.hidden([[*ids, *row]])[0][count:]
        torch.testing.assert_close(tuned.hidden([row])[0], read, rtol=1e-4, atol=1e-5)


def test_first_tokens_are_words_over_and_over_or_drawn_by_the_seed(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    words = base.encode(["good bad"])[0]
    assert first_ids(base, len(words) + 1, "good bad", 0) == [*words, words[0]]
    drawn = first_ids(base, 50, "", 3)
    assert drawn == first_ids(base, 50, "", 3) != first_ids(base, 50, "", 4)
    assert not set(drawn) & set(base.tokenizer.all_special_ids)


def test_rows_that_do_not_fit_behind_the_trained_tokens_are_refused(tiny: TinyModels) -> None:
    base = tiny.open("gpt2")
    tuned = add_soft(base, SoftShape("prefix", 10), 1)
    tuned.hidden([[5] * (CONTEXT - 10)])
    with pytest.raises(DataError, match=f"a row of {CONTEXT - 9} tokens and 10 trained ones"):
        tuned.hidden([[5] * (CONTEXT - 9)])
    with pytest.raises(NotPossible, match="leave no room"):
        add_soft(base, SoftShape("prompt", CONTEXT), 1)
