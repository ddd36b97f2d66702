"""Prompts with examples: offers of what to show, the best chosen on dev, saved and restored."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from taskfit.core.example import Example, Message, Origin, Practice, texts_of
from taskfit.core.files import read_json, write_json
from taskfit.core.meter import Meter
from taskfit.core.method import Desk
from taskfit.core.model import Model
from taskfit.core.prediction import Prediction, Story, Trial
from taskfit.core.task import Task
from taskfit.core.text import Text
from taskfit.engine.calibrate import LabelCalibration, choose, dev_value
from taskfit.engine.features import pooled
from taskfit.engine.flops import forward_flops
from taskfit.engine.prompt import conversation
from taskfit.engine.prompted import PromptPredictor, Show, scored_exactly, show_nothing
from taskfit.engine.retrieve import best, bm25_index, fuse, unit
from taskfit.model.local import LocalModel

DEV_ROWS = 300  # dev rows that prompts are chosen on; more would cost more than they tell
RETRIEVERS = ("rrf", "bm25", "dense")


@dataclass(frozen=True)
class Offer:
    """One way to prompt: its settings for the report, the examples it may show, and how it picks them."""

    settings: Mapping[str, object]
    pool: tuple[Example, ...] = ()
    show: Show = field(default=show_nothing, compare=False)
    search_flops: Callable[[Sequence[Example]], list[float]] = field(
        default=lambda some: [0.0] * len(some), compare=False
    )


@dataclass
class AskingPredictor:
    """A PromptPredictor that can be saved with what it shows."""

    inner: PromptPredictor
    offer: Offer

    @property
    def story(self) -> Story:
        """See Predictor."""
        return self.inner.story

    def predict(self, examples: Sequence[Example], meter: Meter) -> list[Prediction]:
        """See Predictor."""
        if not examples:
            return []
        answers = self.inner.predict(examples, meter)
        searched = self.offer.search_flops(examples)
        meter.add(flops=sum(searched))
        return [replace(one, flops=one.flops + more) for one, more in zip(answers, searched, strict=True)]

    def save(self, folder: Path) -> None:
        """See Predictor."""
        write_json(
            folder / "prompt.json",
            {"settings": self.offer.settings, "pool": self.offer.pool, "calibration": self.inner.calibration},
        )


def prompted(
    model: Model, task: Task, practice: Practice, desk: Desk, offers: Sequence[Offer], *, calibrate: bool
) -> AskingPredictor:
    """Return the predictor of the best offer on dev, calibrated on dev where that helps."""
    dev = _dev_part(practice.dev, desk.seed)
    if not dev or (len(offers) == 1 and not (calibrate and scored_exactly(model, task))):
        return AskingPredictor(PromptPredictor(model, task, offers[0].show), offers[0])  # there is nothing to choose
    tried: list[tuple[float, LabelCalibration, Offer, float]] = []
    for number, offer in enumerate(offers[: max(1, desk.trials)]):
        start = time.perf_counter()
        told = replace(desk, note=f"{number + 1}/{min(len(offers), desk.trials)}")
        score, calibration = _try(model, task, dev, told, offer, calibrate=calibrate)
        tried.append((score, calibration, offer, time.perf_counter() - start))
    _, calibration, offer, _ = max(tried, key=lambda one: one[0])
    trials = [
        Trial({**o.settings, "calibration": c.how}, score, seconds, chosen=o is offer) for score, c, o, seconds in tried
    ]
    story = Story(trials=tuple(trials), dev_metric="accuracy" if scored_exactly(model, task) else "exact_match")
    return AskingPredictor(PromptPredictor(model, task, offer.show, calibration, story), offer)


def _dev_part(dev: Sequence[Example], seed: int) -> list[Example]:
    if len(dev) <= DEV_ROWS:
        return list(dev)
    picked = np.random.default_rng([seed, 1]).permutation(len(dev))[:DEV_ROWS]
    return [dev[i] for i in sorted(picked)]


def _try(
    model: Model, task: Task, dev: Sequence[Example], desk: Desk, offer: Offer, *, calibrate: bool
) -> tuple[float, LabelCalibration]:
    predictor = PromptPredictor(model, task, offer.show)
    phase = Text("try on dev", "在 dev 上试")
    if scored_exactly(model, task):
        scores = predictor.raw_scores(dev, lambda done: desk.progress(phase, done, len(dev)))
        desk.meter.add(tokens=sum(scores.tokens), flops=sum(scores.flops))
        raw = scores.values
        gold = [task.label_names.index(example.target or "") for example in dev]
        calibration = choose(raw, gold, task.label_words)[0] if calibrate else LabelCalibration()
        return dev_value(calibration.apply(raw), gold), calibration
    desk.progress(phase, 0, len(dev))
    used = Meter()  # its seconds are among those of the desk already
    answers = predictor.predict([example.without_target() for example in dev], used)
    desk.meter.add(
        tokens=used.tokens, flops=used.flops, money=used.money, requests=used.requests, cache_hits=used.cache_hits
    )
    desk.progress(phase, len(dev), len(dev))
    right = [answer.answer == example.target for answer, example in zip(answers, dev, strict=True)]
    return float(np.mean(right)), LabelCalibration()


def fixed_sets(model: Model, task: Task, practice: Practice, *, shots: int, sets: int, seed: int) -> list[Offer]:
    """Return offers with one random set each; labels take turns, so that a set covers as many as it can."""
    offers = []
    for number in range(max(1, sets)):
        chosen = draw_shots(task, practice.train, shots, np.random.default_rng([seed, number]))
        offers.append(fixed_offer(model, task, chosen, number))
    return offers


def fixed_offer(model: Model, task: Task, chosen: tuple[Example, ...], number: int) -> Offer:
    """Return the offer that shows `chosen` before every question."""
    return Offer({"shots": len(chosen), "set": number}, chosen, _fitted(model, task, lambda some: [chosen] * len(some)))


def draw_shots(task: Task, train: Sequence[Example], shots: int, random: np.random.Generator) -> tuple[Example, ...]:
    """Return `shots` examples: labels in turn (shuffled), a random example of each, in random order."""
    order = random.permutation(len(train)).tolist()
    if not task.labels:
        return tuple(train[i] for i in order[:shots])
    by_label: dict[str, list[int]] = {}
    for i in order:
        by_label.setdefault(train[i].target or "", []).append(i)
    names = [name for name in task.label_names if name in by_label]
    turns = [names[i] for i in random.permutation(len(names))]
    chosen: list[int] = []
    while len(chosen) < shots and any(by_label[name] for name in names):
        for name in turns:
            if by_label[name] and len(chosen) < shots:
                chosen.append(by_label[name].pop())
    return tuple(train[chosen[i]] for i in random.permutation(len(chosen)))


def retrieved(model: Model, task: Task, practice: Practice, desk: Desk, *, shots: int, retriever: str) -> list[Offer]:
    """Return offers that retrieve from train: each retriever the model can serve, with `shots` and half of them."""
    can = [r for r in RETRIEVERS if r == "bm25" or isinstance(model, LocalModel)]
    retrievers = can if retriever == "auto" else [retriever]
    counts = [shots] if retriever != "auto" or shots < 2 else [shots, shots // 2]
    search = Searcher.over(model, practice.train, desk, dense=retrievers != ["bm25"])
    return [retrieved_offer(model, task, search, how, count) for count in counts for how in retrievers]


def retrieved_offer(model: Model, task: Task, search: "Searcher", how: str, shots: int) -> Offer:
    """Return the offer that shows the `shots` nearest examples of the pool, nearest last."""
    show = _fitted(model, task, lambda some: search.nearest(some, how, shots))
    if how == "bm25":
        return Offer({"retriever": how, "shots": shots}, search.pool, show)
    return Offer({"retriever": how, "shots": shots}, search.pool, show, search.flops)


@dataclass
class Searcher:
    """Finds the examples of a pool that are most like a question; never the question itself."""

    model: Model
    pool: tuple[Example, ...]
    index: Any
    vectors: NDArray[np.float32] | None = None
    mean: NDArray[np.float32] | None = None
    asked: tuple[Sequence[Example], NDArray[np.float32]] | None = None  # the last questions, for the next offer

    @classmethod
    def over(cls, model: Model, pool: Sequence[Example], desk: Desk | None, *, dense: bool) -> "Searcher":
        """Index the pool; dense vectors are the mean hidden states of the model itself."""
        index = bm25_index(texts_of(pool))
        if not dense or not isinstance(model, LocalModel):
            return cls(model, tuple(pool), index)
        rows = model.encode(texts_of(pool), special=True)
        if desk is None:
            vectors = pooled(model, rows, "mean")
        else:
            phase, tokens = Text("vectors", "向量"), sum(map(len, rows))
            desk.meter.add(tokens=tokens, flops=forward_flops(model.card, tokens))
            told = partial(desk.progress, phase, total=len(rows))
            vectors = pooled(model, rows, "mean", cache=desk.cache, told=told)
        mean = vectors.mean(0)
        return cls(model, tuple(pool), index, unit(vectors, mean), mean)

    def nearest(self, examples: Sequence[Example], how: str, count: int) -> list[tuple[Example, ...]]:
        """Return for each example the `count` nearest of the pool, nearest last."""
        most = 4 * count + 1
        products = self._products(examples) if how in ("dense", "rrf") else None
        found = []
        for row, example in enumerate(examples):
            rankings = [best(products[row], most)] if products is not None else []
            if how in ("bm25", "rrf"):
                rankings.append(best(self.index.scores(example.text), most))
            merged = fuse(rankings, most)
            kept = [place for place in merged if self.pool[place].id != example.id][:count]
            found.append(tuple(self.pool[place] for place in reversed(kept)))
        return found

    def flops(self, examples: Sequence[Example]) -> list[float]:
        """Return what it costs to compute the vector of each question."""
        assert isinstance(self.model, LocalModel)
        rows = self.model.encode(texts_of(examples), special=True)
        return [forward_flops(self.model.card, len(row), context=len(row) / 2) for row in rows]

    def _products(self, examples: Sequence[Example]) -> NDArray[np.float32]:
        assert isinstance(self.model, LocalModel)
        assert self.vectors is not None
        assert self.mean is not None
        if self.asked is None or self.asked[0] is not examples:
            # Not from the cache on disk: an answer's cost and latency hold the vector of its question.
            vectors = pooled(self.model, self.model.encode(texts_of(examples), special=True), "mean")
            self.asked = examples, unit(vectors, self.mean)
        products: NDArray[np.float32] = self.asked[1] @ self.vectors.T
        return products


def _fitted(model: Model, task: Task, show: Show) -> Show:
    """Return `show` that leaves out the first (farthest) examples where a prompt would not fit the context."""
    if not isinstance(model, LocalModel) or model.card.context <= 0:
        return show
    room = (
        model.card.context - 8 - max((len(word.encode()) for word in task.label_words), default=task.max_answer_tokens)
    )
    local = model
    lengths: dict[str, int] = {}

    def length(example: Example) -> int:
        if example.id not in lengths:
            turn = [Message("user", example.text), Message("assistant", task.word_of(example.target or ""))]
            lengths[example.id] = len(local.encode([local.render(turn, answer_next=False)])[0])
        return lengths[example.id]

    def fitted(examples: Sequence[Example]) -> list[tuple[Example, ...]]:
        bare = local.encode([local.render(conversation(task, example)) for example in examples])
        kept = []
        for own, some in zip(bare, show(examples), strict=True):
            left = room - len(own)
            while some and sum(map(length, some)) > left:
                some = some[1:]
            kept.append(some)
        return kept

    return fitted


def restore(model: Model, task: Task, folder: Path) -> AskingPredictor:
    """Return the predictor that `AskingPredictor.save` wrote."""
    stored = read_json(folder / "prompt.json")
    pool = tuple(_example(one) for one in stored["pool"])
    settings = stored["settings"]
    if "retriever" in settings:
        search = Searcher.over(model, pool, None, dense=settings["retriever"] != "bm25")
        offer = retrieved_offer(model, task, search, settings["retriever"], settings["shots"])
    elif pool:
        offer = fixed_offer(model, task, pool, settings["set"])
    else:
        offer = Offer(settings)
    kept = stored["calibration"]
    how = cast(Literal["none", "batch", "length"], kept["how"])
    calibration = LabelCalibration(how, tuple(kept["divisors"]), tuple(kept["offsets"]))
    return AskingPredictor(PromptPredictor(model, task, offer.show, calibration), offer)


def _example(stored: Mapping[str, Any]) -> Example:
    messages = tuple(Message(one["role"], one["content"]) for one in stored["messages"])
    return Example(stored["id"], messages, stored["target"], Origin(**stored["origin"]), stored["group"])
