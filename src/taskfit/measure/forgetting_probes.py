"""Probe an adapted model against its unadapted base: divergence on the base's own samples, loss, skills, features.

The base is probed once per run; its samples are kept in the cache of the run. Letters: T tokens, V vocabulary, W width.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from taskfit.core.errors import DataError
from taskfit.core.example import Example
from taskfit.core.files import plain, read_json, write_json
from taskfit.core.measurement import Forgetting, Interval, Probe
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.core.prediction import Predictor
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.features import pooled
from taskfit.engine.prompted import PromptPredictor, scored_exactly
from taskfit.measure.collapse import ROWS
from taskfit.measure.counts import Array
from taskfit.measure.forgetting import cka_interval, cosines, mean_per_token, skill_change
from taskfit.measure.forgetting_material import OWN_TEXT, Material, Skill
from taskfit.measure.forgetting_reading import (
    NUMBERS_AT_ONCE,
    Losses,
    Passage,
    adapted_model,
    base_inside,
    kl_per_token,
    own_samples,
    per_passage,
    room_of,
    skill_values,
    states_of,
    text_losses,
)
from taskfit.measure.interval import wilson
from taskfit.model.local import PROBE, LocalModel

SAMPLES, SKILLS = "own-samples-{}.json", "skills"
ASKED = ("classify", "choose", "answer", "generate", "extract")  # what a model answers when it is only asked
PHASE = Text("measure forgetting", "测量遗忘")


@dataclass(frozen=True)
class _Known:
    """What the base did, against which every rung is held."""

    samples: list[Passage] = field(default_factory=list)
    states: list[Tensor] = field(default_factory=list)
    losses: Mapping[str, Losses] = field(default_factory=dict)
    skills: tuple[tuple[Skill, list[float]], ...] = ()
    features: Array | None = None
    notes: tuple[Text, ...] = ()


@dataclass
class Probes:
    """Probes the rungs of one run on one task; the base is probed once, when the first rung asks for it."""

    base: LocalModel
    material: Material
    cache: Path
    _watched: Tensor | None = None
    _known: _Known | None = None
    _answers: list[str | None] | None = None

    def watch(self) -> None:
        """Remember what the base says before anything is trained; after a rung it must say the same to the last bit."""
        if self._watched is None:
            self._watched = self._outputs(self.base)

    def forgotten(self, predictor: Predictor, desk: Desk) -> Forgetting:
        """Return what the model of the predictor lost; without a network of its own nothing can be lost."""
        adapted = adapted_model(predictor)
        if adapted is None:
            return Forgetting("unknown", notes=(plain(_NO_NETWORK),))
        if adapted.network is self.base.network:
            return Forgetting("unchanged")
        began = time.perf_counter()
        self.watch()
        known = self._known = self._known or self._probe_base()
        probes, notes = (self._features if known.features is not None else self._language)(adapted, known, desk)
        gap, identity, note = self._identity(adapted)
        told = tuple(plain(one) for one in (*known.notes, *notes, *([note] if note else [])))
        return Forgetting("measured", tuple(probes), identity, gap, told, time.perf_counter() - began)

    def answers(self, task: Task, examples: Sequence[Example]) -> list[str | None] | None:
        """Return the base's own answers to the first rows, asked without examples; None where it cannot be asked."""
        closed = bool(task.labels)
        able = scored_exactly(self.base, task) if closed else "generate" in self.base.card.abilities
        able = able and task.kind in ASKED
        if able and self._answers is None:
            some = [one.without_target() for one in examples[: ROWS[closed]]]
            self._answers = [one.answer for one in PromptPredictor(self.base, task).predict(some, Meter())]
        return self._answers

    def _probe_base(self) -> _Known:
        base, material = self.base, self.material
        if not base.body.causal:
            told = (_ENCODER,) if material.own else ()
            return _Known(features=self._features_of(base), notes=told)
        samples = self._samples()
        states = [part for part, _ in states_of(base, samples)]
        losses, strange = self._texts()
        skills, unknown, unasked = self._skills()
        notes: list[Text] = []
        if names := ", ".join([*strange, *unknown]):
            notes.append(Text(f"the base does not know: {names}", f"基座本来就不会：{names}"))
        if names := ", ".join(unasked):
            notes.append(Text(f"the base has no room for: {names}", f"基座的上下文放不下：{names}"))
        return _Known(samples, states, losses, skills, None, tuple(notes))

    def _samples(self) -> list[Passage]:
        path = self.cache / SAMPLES.format(self.base.card.fingerprint)
        sampling = self.material.sampling
        key = {"model": self.base.card.fingerprint, **plain(sampling)}
        if path.is_file() and (stored := read_json(path))["key"] == key:
            return [Passage(**one) for one in stored["passages"]]
        found = own_samples(self.base, self.material.talks, sampling)
        texts = [self.base.tokenizer.decode(one.ids) for one in found]
        write_json(path, {"key": key, "texts": texts, "passages": found})
        return found

    def _texts(self) -> tuple[dict[str, Losses], list[str]]:
        """Return the base's losses; built-in text that it knows no better than chance is left out."""
        found, strange = {}, []
        chance = math.log(len(self.base.head))
        for name, texts in self.material.texts.items():
            losses = text_losses(self.base, texts, room_of(self.base))
            if losses.per_token < chance or name == OWN_TEXT:
                found[name] = losses
            else:
                strange.append(name)
        return found, strange

    def _skills(self) -> tuple[tuple[tuple[Skill, list[float]], ...], list[str], list[str]]:
        """Ask the base; return what it knows, built-in questions it knows no better than guessing, and those too long."""
        found: list[tuple[Skill, list[float]]] = []
        unknown, unasked = [], []
        for skill in (*self.material.own, *self.material.skills):
            try:
                values = skill_values(self.base, skill)
            except DataError:  # a prompt longer than the context, labels that its tokenizer cannot tell apart
                unasked.append(skill.name)
                continue
            chance = 1 / max(1, len(skill.task.labels))
            if skill in self.material.own or wilson(sum(values), len(values)).low > chance:
                found.append((skill, values))
            else:
                unknown.append(skill.name)
        return tuple(found), unknown, unasked

    def _language(self, adapted: LocalModel, known: _Known, desk: Desk) -> tuple[list[Probe], list[Text]]:
        steps = len(known.skills) + len(known.losses) + 1
        probes: list[Probe] = []
        notes: list[Text] = []
        desk.progress(PHASE, 0, steps)
        if self._same_tokens(adapted):
            probes.append(self._divergence(adapted, known))
        else:
            notes.append(_OTHER_TOKENS)
        for done, (name, before) in enumerate(known.losses.items(), 1):
            desk.progress(PHASE, done, steps)
            after = text_losses(adapted, self.material.texts[name], room_of(self.base))
            probes.append(_loss_probe(name, before, after))
        pairs: dict[str, tuple[list[float], list[float]]] = {}
        for done, (skill, values) in enumerate(known.skills, 1 + len(known.losses)):
            desk.progress(PHASE, done, steps)
            old, new = pairs.setdefault(skill.name if skill in self.material.own else SKILLS, ([], []))
            try:
                new += skill_values(adapted, skill)
            except DataError:  # trained tokens in front leave too little room
                notes.append(Text(f"no room for the questions of {skill.name}", f"放不下 {skill.name} 的问题"))
                continue
            old += values
        probes += [_skill_probe(name, old, new) for name, (old, new) in pairs.items() if old]
        return probes, notes

    def _divergence(self, adapted: LocalModel, known: _Known) -> Probe:
        base_head, head = self.base.head, adapted.head
        step = max(1, NUMBERS_AT_ONCE // len(head))
        totals: list[float] = []
        for before, (after, some) in zip(known.states, states_of(adapted, known.samples), strict=True):
            with torch.inference_mode():
                parts = [
                    kl_per_token(before[at : at + step] @ base_head.T, after[at : at + step] @ head.T).double().cpu()
                    for at in range(0, len(before), step)
                ]
            totals += [float(one.sum()) for one in per_passage(torch.cat(parts).numpy(), some)]
        tokens = np.array([float(sum(one.counted)) for one in known.samples])
        change = mean_per_token(np.array(totals), tokens)
        return Probe("kl", "kl", 0.0, change.estimate, change, int(tokens.sum()))

    def _features(self, adapted: LocalModel, known: _Known, desk: Desk) -> tuple[list[Probe], list[Text]]:
        desk.progress(PHASE, 0, 1, "probes")
        assert known.features is not None
        after = self._features_of(adapted)
        alike = cosines(known.features, after)
        cosine, cka = mean_per_token(alike - 1.0, np.ones(len(alike))), cka_interval(known.features, after)
        off = Interval(cka.estimate - 1, cka.low - 1, cka.high - 1, how=cka.how)
        probes = [
            Probe("cosine", "features", 1.0, 1.0 + cosine.estimate, cosine, len(alike)),
            Probe("cka", "features", 1.0, cka.estimate, off, len(alike)),
        ]
        return probes, []

    def _features_of(self, model: LocalModel) -> Array:
        """Return the mean vector of every general text, [texts, W]."""
        texts = [one for some in self.material.texts.values() for one in some if isinstance(one, str)]
        rows = [row[: room_of(self.base)] for row in model.encode(texts, special=True)]
        return pooled(model, rows, "mean").astype(np.float64)

    def _outputs(self, model: LocalModel) -> Tensor:
        """Return outputs that must stay the same to the last bit: of a model that is still the base."""
        row = model.encode([PROBE], special=True)[0]
        hidden, _ = model.hidden([row])
        if not model.body.causal:
            return hidden.clone()
        with torch.inference_mode():
            return (hidden[-8:] @ model.head.T).clone()

    def _identity(self, adapted: LocalModel) -> tuple[float, Literal["adapter off", "base kept"], Text | None]:
        assert self._watched is not None
        with base_inside(adapted) as inside:
            found = self._outputs(inside if inside is not None else self.base)
        gap = float((found.float() - self._watched.float()).abs().max())
        return gap, "base kept" if inside is None else "adapter off", _NOT_THE_BASE if gap else None

    def _same_tokens(self, adapted: LocalModel) -> bool:
        return adapted.head.shape == self.base.head.shape and adapted.encode([PROBE]) == self.base.encode([PROBE])


def _loss_probe(name: str, before: Losses, after: Losses) -> Probe:
    same = np.array_equal(before.tokens, after.tokens)
    if same:
        change = mean_per_token(after.nats - before.nats, before.tokens)
    else:  # another tokenizer: only what a byte costs can be compared
        change = mean_per_token(after.nats - before.nats, before.bytes)
    base, adapted = (before.per_token, after.per_token) if same else (before.per_byte, after.per_byte)
    return Probe(name, "loss", base, adapted, change, int(before.tokens.sum()), (before.per_byte, after.per_byte))


def _skill_probe(name: str, before: Sequence[float], after: Sequence[float]) -> Probe:
    old, new = float(np.mean(before)), float(np.mean(after))
    return Probe(name, "skill", old, new, skill_change(before, after), len(before))


_NO_NETWORK = Text("this predictor has no network of ours to probe", "该预测器没有可供测量的本地网络")
_ENCODER = Text(
    "`retained` was not asked: an encoder answers only by a head of its own",
    "未测 `retained`：编码器只能通过自己的分类头作答",
)
_OTHER_TOKENS = Text(
    "another tokenizer than the base's: no divergence per token, and loss is per byte",
    "分词器与基座不同：不计算逐词元的 KL，损失按字节计",
)
_NOT_THE_BASE = Text(
    "what stands under the adapter is not exactly the base (quantised weights?)",
    "适配器之下的权重与基座并不完全一致（是否经过量化？）",
)
