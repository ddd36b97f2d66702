"""Probing a model: nothing is lost without a change, exact against plain transformers, adapters come off exactly."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from methods.small_task import TASK, divided
from taskfit.core.example import Message, example_of
from taskfit.core.measurement import Forgetting
from taskfit.core.method import Desk, Method
from taskfit.core.prediction import Predictor, Story
from taskfit.core.task import Label, Task
from taskfit.engine.aims.words import Words
from taskfit.engine.learner import ClassHead
from taskfit.engine.prompted import PromptPredictor
from taskfit.engine.tagged import TagPredictor
from taskfit.engine.trained import TunedPredictor
from taskfit.engine.tune import Tuned
from taskfit.measure.forgetting import linear_cka
from taskfit.measure.forgetting_material import (
    Material,
    Sampling,
    Skill,
    general_talks,
    general_texts,
    world_skills,
)
from taskfit.measure.forgetting_probes import Probes
from taskfit.measure.forgetting_reading import (
    adapted_model,
    base_inside,
    kl_per_token,
    own_samples,
    passages_of,
    text_losses,
)
from taskfit.methods.adapter import Adapter
from taskfit.methods.full import Full
from taskfit.methods.ia3 import Ia3
from taskfit.methods.last_layers import LastLayers
from taskfit.methods.lora import Lora
from taskfit.methods.p_tuning import PTuning
from taskfit.methods.prefix import Prefix
from taskfit.methods.prompt import Prompt
from taskfit.methods.qlora import Qlora
from taskfit.model.local import LocalModel
from tiny_models import TinyModels, sentences
from tiny_models import tiny as tiny

SAMPLING = Sampling(5, 9, seed=3)
TEXTS = (
    "the cat sat on a mat",
    "the dog ran to see why",
    "电影 很 好",
    "it was good or bad",
    "不 喜欢 菜",
    "a mat and a dog",
)
MATERIAL = Material({"text.own": TEXTS}, sampling=SAMPLING)
ADDED = (Lora(), Lora(start="pissa"), Lora(dora=True), Ia3(), Adapter(), Prefix(), Prompt(), PTuning())


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def changed(model: LocalModel, method: Method, *, by: float = 0.3) -> LocalModel:
    """Return the model as the method prepares it, with its trained weights moved."""
    tuned: LocalModel = method.prepare(model, 0)  # type: ignore[attr-defined]
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in tuned.network.parameters():
            if weight.requires_grad:
                weight.add_(by * torch.randn(weight.shape, generator=generator))
    tuned.network.requires_grad_(False)
    return tuned


def predictor_of(model: LocalModel) -> Predictor:
    return PromptPredictor(model, TASK)


def forgotten(probes: Probes, adapted: LocalModel, folder: Path) -> Forgetting:
    return probes.forgotten(predictor_of(adapted), Desk(folder, folder))


def plain_network(tiny: TinyModels, family: str, model: LocalModel) -> Any:
    """Return transformers' own network with the weights of the model."""
    network = tiny.plain(family)
    network.load_state_dict({name: value.float() for name, value in model.network.state_dict().items()}, strict=False)
    return network


def log_shares(network: Any, ids: list[int]) -> torch.Tensor:
    """Log-shares [T, V] of every next token."""
    with torch.no_grad():
        return torch.log_softmax(network(torch.tensor([ids])).logits[0].double(), -1)


@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2"])
def test_divergence_and_losses_equal_plain_transformers(tiny: TinyModels, family: str, tmp_path: Path) -> None:
    base = tiny.open(family)
    tuned = changed(base, Full(), by=0.05)
    found = forgotten(Probes(base, MATERIAL, tmp_path), tuned, tmp_path)
    by_name = {probe.name: probe for probe in found.probes}
    networks = [plain_network(tiny, family, one) for one in (base, tuned)]
    total, tokens = 0.0, 0
    for one in own_samples(base, (), SAMPLING):
        p, q = (log_shares(network, one.ids)[:-1] for network in networks)
        total += float((p.exp() * (p - q)).sum())
        tokens += len(one.ids) - 1
    assert by_name["kl"].adapted == pytest.approx(total / tokens, rel=1e-6)
    assert by_name["kl"].count == tokens
    for name, texts in MATERIAL.texts.items():
        for network, value in zip(networks, (by_name[name].base, by_name[name].adapted), strict=True):
            nats, count, bytes_read = 0.0, 0, 0
            for text, one in zip(texts, passages_of(base, texts, 100), strict=True):
                shares = log_shares(network, one.ids)
                nats -= float(shares[:-1].gather(1, torch.tensor(one.ids[1:])[:, None]).sum())
                count += len(one.ids) - 1
                bytes_read += len(text.encode())
            assert value == pytest.approx(nats / count, rel=1e-6)
        assert by_name[name].per_byte is not None
        assert by_name[name].per_byte[1] == pytest.approx(nats / bytes_read, rel=1e-6)
        assert by_name[name].change.estimate == pytest.approx(by_name[name].adapted - by_name[name].base)


def test_a_divergence_by_hand() -> None:
    base, adapted = torch.tensor([[0.0, 0.0]]), torch.log(torch.tensor([[0.25, 0.75]]))
    by_hand = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert float(kl_per_token(base, adapted)[0]) == pytest.approx(by_hand, rel=1e-6)
    assert float(kl_per_token(base, base + 3)[0]) == pytest.approx(0.0, abs=1e-7)
    assert float(kl_per_token(base, base)[0]) == 0.0


@pytest.mark.parametrize(
    "method", [Full(), Lora(), Adapter(), LastLayers(layers=1)], ids=lambda one: type(one).__name__
)
def test_what_is_prepared_and_not_trained_has_lost_exactly_nothing(
    tiny: TinyModels, method: Method, tmp_path: Path
) -> None:
    base = tiny.open("llama")
    adapted: LocalModel = method.prepare(base, 0)  # type: ignore[attr-defined]
    adapted.network.requires_grad_(False)
    found = forgotten(Probes(base, MATERIAL, tmp_path), adapted, tmp_path)
    assert found.state == "measured"
    assert [(probe.change.estimate, probe.change.low, probe.change.high) for probe in found.probes] == [(0, 0, 0)] * 2
    assert found.identity_gap == 0


@pytest.mark.parametrize("method", ADDED, ids=lambda one: f"{type(one).__name__}{one.model_dump().get('start', '')}")
@pytest.mark.parametrize("family", ["llama", "bert"])
def test_with_the_adapter_off_the_base_is_there_to_the_last_bit(
    tiny: TinyModels, method: Method, family: str, tmp_path: Path
) -> None:
    base = tiny.open(family)
    probes = Probes(base, MATERIAL, tmp_path)
    found = forgotten(probes, changed(base, method), tmp_path)
    assert (found.identity, found.identity_gap) == ("adapter off", 0.0)
    first = found.probes[0]
    assert first.change.estimate > 1e-4 if first.kind == "kl" else first.change.estimate < -1e-4


def test_a_quantised_base_is_not_the_base_and_that_is_said(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama")
    found = forgotten(Probes(base, MATERIAL, tmp_path), changed(base, Qlora(), by=0.0), tmp_path)
    assert found.identity == "adapter off"
    assert found.identity_gap is not None
    assert found.identity_gap > 0
    assert "quantised" in found.notes[-1]["en"]
    assert found.probes[0].change.estimate > 0


@pytest.mark.parametrize("method", [Full(), LastLayers(layers=1)], ids=lambda one: type(one).__name__)
def test_beside_a_changed_copy_the_base_is_kept(tiny: TinyModels, method: Method, tmp_path: Path) -> None:
    base = tiny.open("llama")
    found = forgotten(Probes(base, MATERIAL, tmp_path), changed(base, method), tmp_path)
    assert (found.identity, found.identity_gap) == ("base kept", 0.0)


def test_a_base_that_was_changed_itself_is_found_out(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama").fork()
    probes = Probes(base, MATERIAL, tmp_path)
    probes.watch()
    tuned = changed(base, Full())
    with torch.no_grad():
        base.network.get_output_embeddings().weight[5] += 0.1
    found = forgotten(probes, tuned, tmp_path)
    assert found.identity_gap is not None
    assert found.identity_gap > 0


def test_a_rung_that_uses_the_base_as_it_is_has_nothing_to_lose(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama")
    assert forgotten(Probes(base, MATERIAL, tmp_path), base, tmp_path) == Forgetting("unchanged")
    assert not list(tmp_path.iterdir())


def test_of_an_encoder_the_features_are_compared(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("bert")
    tuned = changed(base, Full(), by=0.05)
    found = forgotten(Probes(base, MATERIAL, tmp_path), tuned, tmp_path)
    assert [probe.name for probe in found.probes] == ["cosine", "cka"]
    features = []
    for one in (base, tuned):
        network = plain_network(tiny, "bert", one)
        with torch.no_grad():
            features.append(
                torch.stack(
                    [network(torch.tensor([ids]))[0][0].mean(0) for ids in one.encode(TEXTS, special=True)]
                ).numpy()
            )
    x, y = features
    cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    assert found.probes[0].adapted == pytest.approx(cosine.mean(), rel=1e-5)
    assert found.probes[1].adapted == pytest.approx(linear_cka(x, y), rel=1e-4)
    assert found.probes[0].change.high < 0


def test_the_base_writes_the_same_for_the_same_seed_and_once_per_run(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama")
    before = torch.random.get_rng_state()
    first, again = own_samples(base, (), SAMPLING), own_samples(base, (), SAMPLING)
    assert first == again != own_samples(base, (), replace(SAMPLING, seed=4))
    assert torch.equal(before, torch.random.get_rng_state())
    assert {len(one.ids) for one in first} == {10}
    assert {sum(one.counted) for one in first} == {9}
    tuned = changed(base, Full())
    once = forgotten(Probes(base, MATERIAL, tmp_path), tuned, tmp_path)
    (stored,) = tmp_path.iterdir()
    kept = json.loads(stored.read_text(encoding="utf-8"))
    assert kept["key"]["temperature"] == 1.0
    stamp = stored.stat().st_mtime_ns
    assert replace(forgotten(Probes(base, MATERIAL, tmp_path), tuned, tmp_path), seconds=0) == replace(once, seconds=0)
    assert stored.stat().st_mtime_ns == stamp


def test_samples_are_drawn_from_the_shares_of_the_model(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    drawn = own_samples(base, (), Sampling(4000, 1))
    with torch.inference_mode():
        shares = torch.softmax(base.network(torch.tensor([[drawn[0].ids[0]]])).logits[0, -1].double(), -1)
    counts = torch.bincount(torch.tensor([one.ids[1] for one in drawn]), minlength=len(shares)) / len(drawn)
    assert float((counts - shares).abs().max()) < 4 * float((shares * (1 - shares) / len(drawn)).sqrt().max())


def test_a_chat_model_writes_answers_as_if_each_was_asked_alone(tiny: TinyModels) -> None:
    base = tiny.open("llama", chat=True)
    talks = tuple((Message("user", text),) for text in sentences(4, seed=2))
    found = own_samples(base, talks, Sampling(4, 6, temperature=0.01))
    for talk, one in zip(talks, found, strict=True):
        prompt = base.encode([base.render(talk)])[0]
        assert one.ids[: len(prompt)] == prompt
        assert one.counted == [False] * len(prompt) + [True] * (len(one.ids) - len(prompt))
        with torch.inference_mode():
            greedy = base.network(torch.tensor([one.ids])).logits[0].argmax(-1).tolist()
        assert one.ids[len(prompt) :] == greedy[len(prompt) - 1 : -1]


def test_of_a_conversation_only_the_answers_count(tiny: TinyModels) -> None:
    base = tiny.open("llama", chat=True)
    talk = (Message("user", "the cat"), Message("assistant", "sat on a mat"))
    (one,) = passages_of(base, (talk,), 100)
    said = [token for token, counts in zip(one.ids, one.counted, strict=True) if counts]
    assert base.tokenizer.decode(said).startswith("sat on a mat")
    assert one.bytes == len("sat on a mat")
    assert text_losses(base, (talk,), 100).tokens.tolist() == [len(said)]


def test_other_tasks_are_asked_and_what_the_base_does_not_know_is_left_out(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama", chat=True)
    task = Task("classify", "good or bad?", (Label("good", "good"), Label("bad", "bad")), ("accuracy",))
    questions = [example_of(text, "good", number=n) for n, text in enumerate(sentences(12, seed=5), 1)]
    said = [one.answer for one in PromptPredictor(base, task).predict(questions, Desk(tmp_path, tmp_path).meter)]
    known = Skill(
        "known", task, tuple(replace(one, target=answer) for one, answer in zip(questions, said, strict=True))
    )
    wrong = {"good": "bad", "bad": "good"}
    unknown = Skill(
        "unknown",
        task,
        tuple(replace(one, target=wrong[answer or ""]) for one, answer in zip(questions, said, strict=True)),
    )
    material = replace(
        MATERIAL, talks=((Message("user", "why"),),), skills=(known, unknown), own=(replace(unknown, name="retained"),)
    )
    found = forgotten(Probes(base, material, tmp_path), changed(base, Full(), by=0.5), tmp_path)
    by_name = {probe.name: probe for probe in found.probes}
    assert (by_name["skills"].base, by_name["skills"].count) == (1.0, 12)
    assert by_name["skills"].adapted < 1
    assert by_name["retained"].base == 0.0
    assert by_name["retained"].adapted == pytest.approx(1 - by_name["skills"].adapted)
    assert any(note["en"].endswith("not know: unknown") for note in found.notes)


def test_text_that_the_base_knows_no_better_than_chance_is_left_out_unless_it_is_the_users(
    tiny: TinyModels, tmp_path: Path
) -> None:
    base = tiny.open("llama")
    material = replace(MATERIAL, texts={"text.en": TEXTS[:2], "text.own": TEXTS[2:]})
    found = forgotten(Probes(base, material, tmp_path), changed(base, LastLayers(layers=1)), tmp_path)
    assert [probe.name for probe in found.probes] == ["kl", "text.own"]
    assert [note["en"] for note in found.notes] == ["the base does not know: text.en"]


def test_the_network_that_answers_is_found_in_each_predictor(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    prompted = PromptPredictor(base, TASK)
    assert adapted_model(prompted) is base
    assert adapted_model(TunedPredictor(Tuned(base, prompted, Story()), Full(), Words())) is base

    tagging = TagPredictor(base, TASK, ClassHead(base.card.width, 7))
    assert adapted_model(tagging) is base

    class Other:
        story = Story()

    assert adapted_model(Other()) is None  # type: ignore[arg-type]


def test_the_base_answers_the_first_rows_once(tiny: TinyModels, tmp_path: Path) -> None:
    base = tiny.open("llama", chat=True)
    probes, test = Probes(base, MATERIAL, tmp_path), divided()[1]
    answers = probes.answers(TASK, test)
    assert answers is not None
    assert answers == [one.answer for one in PromptPredictor(base, TASK).predict(test, Desk(tmp_path, tmp_path).meter)]
    assert probes.answers(TASK, test) is answers
    assert Probes(tiny.open("bert"), MATERIAL, tmp_path).answers(TASK, test) is None
    assert Probes(base, MATERIAL, tmp_path).answers(replace(TASK, kind="tag"), test) is None


def test_an_adapter_is_off_only_within_the_block(tiny: TinyModels) -> None:
    base = tiny.open("llama")
    row = base.encode(["the cat sat"])
    for method in (Lora(), Adapter()):
        tuned = changed(base, method)
        before = tuned.hidden(row)[0]
        with base_inside(tuned) as inside:
            assert inside is not None
            assert torch.equal(inside.hidden(row)[0], base.hidden(row)[0])
        assert torch.equal(tuned.hidden(row)[0], before)
    with base_inside(base) as inside:
        assert inside is None


def test_built_in_material_is_in_both_languages_and_the_same_every_time() -> None:
    texts = general_texts(world=False)
    assert [len(set(some)) for some in texts.values()] == [24, 24]
    skills = world_skills()
    assert [skill.name for skill in skills] == [
        f"{name}.{one}" for name in ("opinion", "kind", "lookup") for one in ("en", "zh")
    ]
    assert skills == world_skills()
    assert all({one.target for one in skill.asked} <= set(skill.task.label_names) for skill in skills)
    for skill in skills:
        assert len({one.target for one in skill.shown}) == len({one.target for one in skill.asked})
    assert len(general_talks(world=True, count=10)) == len(general_talks(world=False, count=10)) == 10
    world = general_texts(world=True)
    assert not set(world["text.en"]) & set(general_talks(world=True, count=40))


def test_the_built_in_model_knows_what_it_is_asked_for(tmp_path: Path) -> None:
    from taskfit.model.open import open_local

    base = open_local("tiny")
    material = Material(
        general_texts(world=True), general_talks(world=True, count=4), world_skills(8), sampling=Sampling(4, 8)
    )
    tuned = changed(base, Lora(), by=0.0)
    found = forgotten(Probes(base, material, tmp_path), tuned, tmp_path)
    by_name = {probe.name: probe for probe in found.probes}
    assert by_name["skills"].base > 0.9
    assert by_name["skills"].count >= 40
    assert by_name["text.en"].base < 1
    assert by_name["text.zh"].base < 1
    assert by_name["kl"].adapted == 0
