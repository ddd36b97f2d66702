"""A model behind an OpenAI-compatible address: asked patiently, within limits, and never twice for the same answer."""

import hashlib
import random
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from taskfit.core.errors import LimitReached, ModelError, UsageError
from taskfit.core.example import Message
from taskfit.core.meter import Meter
from taskfit.core.model import Generation, ModelCard
from taskfit.core.text import Text
from taskfit.model.pace import Pace
from taskfit.model.price import Price, Purse
from taskfit.model.remote_address import Address, address_of
from taskfit.model.remote_cache import AnswerCache, key_of
from taskfit.model.remote_call import Answer, Failure, prompt_tokens, send
from taskfit.model.remote_settings import RemoteSettings

LONGEST_PAUSE_SECONDS = 60.0
FAILURES_TO_GIVE_UP = 8
NOT_ASKED = Failure(Text("not asked: the work was stopped before", "未提问：此前已停止"))
FILTERED = Text("the endpoint's content filter withheld the answer", "接口的内容过滤器拦截了回答")


def open_remote(settings: RemoteSettings, *, cache: Path | None = None, lasting: bool = False) -> "RemoteModel":
    """Return the model at `settings.url`; nothing is sent before the first question.

    `cache` is the file of answers kept so far (JSON lines); a second run with it costs nothing. With `lasting` the limits
    hold for all that the cache has cost, not for this command alone. Raise UsageError for an address or a key that
    cannot be used.
    """
    address = address_of(settings)
    if settings.max_money is not None and settings.price_in == settings.price_out == 0:
        raise UsageError(
            Text(
                "'max_money' means nothing without 'price_in' or 'price_out'",
                "未设置 'price_in' 或 'price_out' 时 'max_money' 无意义",
            )
        )
    kept = AnswerCache(cache)
    model = RemoteModel(settings, address, kept)
    if lasting:
        model.purse.put_in(kept.requests, kept.tokens)
    return model


@dataclass(frozen=True)
class _Asked:
    """What came of one question, and how many requests it took."""

    outcome: Answer | Failure
    requests: int
    limit: Text | None = None


class RemoteModel:
    """A remote model. It can only generate: endpoints show the likeliest tokens, not the score of any given text."""

    def __init__(self, settings: RemoteSettings, address: Address, cache: AnswerCache):
        """Use `open_remote` instead."""
        self._settings = settings
        self._address = address
        self._cache = cache
        self._price = Price(settings.price_in, settings.price_out)
        self.purse = Purse(self._price, settings.max_requests, settings.max_money)
        self._pace = Pace(settings.per_minute)

    @property
    def card(self) -> ModelCard:
        """The facts of the model; size and context length are not known."""
        place = hashlib.sha256(f"{self._address.url}\0{self._settings.model}".encode()).hexdigest()[:16]
        return ModelCard(
            name=self._settings.model,
            architecture="remote",
            family="remote",
            abilities=frozenset({"generate"}),
            chat=True,
            fingerprint=place,
            note=self._address.url,
        )

    @property
    def answers(self) -> int:
        """How many answers are kept, those of earlier commands included."""
        return self._cache.requests

    def generate(
        self,
        prompts: Sequence[Sequence[Message]],
        *,
        max_tokens: int,
        meter: Meter,
        more: Mapping[str, object] = MappingProxyType({}),
        allow_nothing: bool = False,
    ) -> list[Generation]:
        """Return the answer to each conversation, in order; one that failed has finish "error" and the reason.

        `more` are fields sent along beside those of the settings, or instead of them (top_p, stop, seed;
        None: not sent). With `allow_nothing` it is no error when each of the prompts, few as they may be, was refused for its own sake.
        Raise LimitReached when a limit is reached, ModelError when the endpoint refuses altogether, or when nothing was answered.
        Answers received until then are in the cache.
        """
        bodies = [_without_nothing({**self._body(prompt, max_tokens), **more}) for prompt in prompts]
        keys = [key_of(self._address.url, body) for body in bodies]
        known = {key: answer for key in keys if (answer := self._cache.get(key)) is not None}
        wanted = {key: body for key, body in zip(keys, bodies, strict=True) if key not in known}
        meter.add(cache_hits=len(keys) - len(wanted))
        if self._cache.skipped:
            meter.notes["cache_lines_skipped"] = self._cache.skipped
        outcomes: dict[str, Answer | Failure] = {**known, **self._ask_all(wanted, meter)}
        failures = [one for one in outcomes.values() if isinstance(one, Failure)]
        if keys and len(failures) == len(outcomes) and not (allow_nothing and not any(one.again for one in failures)):
            raise self._nothing(failures)
        return [_generation(outcomes[key]) for key in keys]

    def _body(self, prompt: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": message.role, "content": message.content} for message in prompt],
            self._settings.limit_name: max_tokens,
            "seed": self._settings.seed,
        }
        if self._settings.temperature is not None:
            body["temperature"] = self._settings.temperature
        return body

    def _ask_all(self, wanted: Mapping[str, Mapping[str, Any]], meter: Meter) -> dict[str, Answer | Failure]:
        if not wanted:
            return {}
        stop, lock = threading.Event(), threading.Lock()
        outcomes: dict[str, Answer | Failure] = {}
        with self._client() as client, ThreadPoolExecutor(self._settings.concurrency) as pool:

            def ask(key: str, body: Mapping[str, Any]) -> _Asked:
                asked = self._ask(client, key, body, stop=stop)
                with lock:  # checked by whoever asked, before the next question is taken up
                    outcomes[key] = asked.outcome
                    self._check(asked, outcomes, stop)
                return asked

            futures = {pool.submit(ask, key, body): key for key, body in wanted.items()}
            try:
                for future in as_completed(futures):
                    self._count(future, meter)
            finally:
                stop.set()  # after an error or Ctrl-C the others end at once
        self._raise_if_stopped(futures, len(wanted))
        return outcomes

    def _ask(self, client: httpx.Client, key: str, body: Mapping[str, Any], *, stop: threading.Event) -> _Asked:
        dice = random.Random(f"{self._settings.seed}:{key}")
        expected = (prompt_tokens(body), int(body[self._settings.limit_name]))
        for attempt in range(self._settings.retries + 1):
            if stop.wait(self._pace.turn()):
                return _Asked(NOT_ASKED, attempt)
            limit = self.purse.open_for(*expected)
            if limit is not None:
                return _Asked(NOT_ASKED, attempt, limit)
            outcome: Answer | Failure = NOT_ASKED
            try:
                outcome = send(client, self._address, body, timeout_seconds=self._settings.timeout_seconds)
            finally:
                self.purse.settle(expected, _used(outcome))
            if isinstance(outcome, Answer):
                self._cache.put(key, outcome)
                return _Asked(outcome, attempt + 1)
            if not outcome.again or attempt == self._settings.retries:
                break
            pause = min(LONGEST_PAUSE_SECONDS, self._settings.wait_seconds * 2**attempt) * (0.5 + dice.random() / 2)
            self._pace.rest(outcome.wait_seconds)
            stop.wait(pause)
        return _Asked(outcome, attempt + 1)

    def _count(self, future: "Future[_Asked]", meter: Meter) -> None:
        asked = future.result()
        used = _used(asked.outcome)
        meter.add(tokens=sum(used), money=self._price.of(*used), requests=asked.requests)
        if isinstance(asked.outcome, Answer) and asked.outcome.estimated:
            meter.notes["answers_with_estimated_tokens"] = meter.notes.get("answers_with_estimated_tokens", 0) + 1

    def _check(self, asked: _Asked, outcomes: Mapping[str, Answer | Failure], stop: threading.Event) -> None:
        """Stop asking when it is no use: a limit, a refusal of everything, or failures and nothing else."""
        hopeless = isinstance(asked.outcome, Failure) and asked.outcome.hopeless
        only_failures = all(isinstance(outcome, Failure) for outcome in outcomes.values())
        if asked.limit is not None or hopeless or (only_failures and len(outcomes) >= FAILURES_TO_GIVE_UP):
            stop.set()

    def _raise_if_stopped(self, futures: "Mapping[Future[_Asked], str]", wanted: int) -> None:
        done = [future.result() for future in futures]
        here = sum(isinstance(asked.outcome, Answer) for asked in done)
        for asked in done:
            if asked.limit is not None:
                raise self._limit_reached(asked.limit, here, wanted)
        failures = [asked.outcome for asked in done if isinstance(asked.outcome, Failure)]
        for failure in failures:
            if failure.hopeless:
                raise self._error(failure.reason)
        if NOT_ASKED in failures:
            raise self._nothing(failures)

    def _limit_reached(self, limit: Text, here: int, wanted: int) -> ModelError:
        spent = self.purse.spent
        return LimitReached(
            Text(
                f"the limit {limit.en} is reached: {spent.en}; {here} of {wanted} new answers are there",
                f"已达到上限 {limit.zh}：{spent.zh}；{wanted} 个新回答中已得到 {here} 个",
            ),
            where=self._settings.model,
            todo=Text(
                "raise the limit and run again: answers in the cache are not asked for a second time",
                "请提高上限后重新运行：缓存中的回答不会再次请求",
            ),
        )

    def _nothing(self, failures: Sequence[Failure]) -> ModelError:
        reasons = list(dict.fromkeys(one.reason for one in failures if one is not NOT_ASKED))[:3]
        return self._error(
            Text(
                "the questions are not answered: " + "; ".join(reason.en for reason in reasons),
                "问题没有得到回答：" + "；".join(reason.zh for reason in reasons),
            )
        )

    def _error(self, reason: Text) -> ModelError:
        key = self._settings.key_env
        todo = Text("check url and model", "请检查 url 和 model")
        if key and not self._address.key:
            todo = Text(
                f"check url and model; no key was sent, because {key} is not set",
                f"请检查 url 和 model；由于未设置 {key}，没有发送密钥",
            )
        return ModelError(reason, where=f"{self._settings.model} ({self._address.url})", todo=todo)

    def _client(self) -> httpx.Client:
        limit = self._settings.timeout_seconds
        timeout = httpx.Timeout(limit, connect=min(limit, 15.0), pool=None)
        # a proxy of the environment is for other machines, not for this one
        return httpx.Client(
            timeout=timeout,
            follow_redirects=False,
            trust_env=not self._address.is_here,
            limits=httpx.Limits(max_connections=self._settings.concurrency),
        )


def _without_nothing(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _generation(outcome: Answer | Failure) -> Generation:
    if isinstance(outcome, Failure):
        return Generation(str(outcome.reason), 0, 0, "error")
    if outcome.finish == "filtered":
        return Generation(str(FILTERED), outcome.tokens_in, outcome.tokens_out, "error", outcome.seconds)
    return Generation(outcome.text, outcome.tokens_in, outcome.tokens_out, outcome.finish, outcome.seconds)


def _used(outcome: Answer | Failure) -> tuple[int, int]:
    return (outcome.tokens_in, outcome.tokens_out) if isinstance(outcome, Answer) else (0, 0)
