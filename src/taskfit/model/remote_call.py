"""One request to a chat/completions address: sent, limited in size and time, and read with suspicion."""

import json
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx

from taskfit.core.text import Text
from taskfit.model.price import estimate_tokens
from taskfit.model.remote_address import Address

LARGEST_BODY = 8_000_000
LONGEST_WAIT_SECONDS = 300.0

# Not about one prompt: no money, no such address or model, a wrong key.
HOPELESS = (401, 402, 404, 405)
PASSING = (408, 409, 425, 429)

Finish = Literal["stop", "length", "filtered"]
_FINISHES: dict[object, Finish] = {"length": "length", "content_filter": "filtered"}


@dataclass(frozen=True)
class Answer:
    """What the endpoint answered. `filtered`: it withheld the text. `estimated`: the tokens are guessed from the texts."""

    text: str
    tokens_in: int
    tokens_out: int
    finish: Finish = "stop"
    estimated: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """Why there is no answer. `again`: it may pass; `hopeless`: no other prompt will fare better."""

    reason: Text
    again: bool = False
    hopeless: bool = False
    wait_seconds: float = 0.0


def send(
    client: httpx.Client, address: Address, body: Mapping[str, Any], *, timeout_seconds: float
) -> Answer | Failure:
    """Ask once and return what came of it. Redirects are not followed."""
    begin = time.monotonic()
    try:
        with client.stream("POST", address.url, headers=address.headers, content=json.dumps(body)) as response:
            raw = _read(response, begin + timeout_seconds)
    except httpx.TimeoutException:
        return Failure(Text(f"no answer within {timeout_seconds:g} s", f"{timeout_seconds:g} 秒内没有回答"), again=True)
    except httpx.HTTPError as problem:
        told = visible(address.hide_key(f"{type(problem).__name__}: {problem}"))
        return Failure(Text(f"the connection failed ({told})", f"连接失败（{told}）"), again=True)
    if isinstance(raw, Failure):
        return raw
    text = address.hide_key(raw.decode("utf-8", "replace"))
    if response.status_code != 200:
        return _failure(response, text)
    return _answer(text, body, time.monotonic() - begin)


def visible(text: str, most: int = 300) -> str:
    """Return foreign text fit for a terminal: control and direction characters escaped, cut to `most` characters.

    >>> visible("a\\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    shown = "".join(_shown(character) for character in text[: most + 1])
    return shown if len(text) <= most else shown[:most] + "..."


def prompt_tokens(body: Mapping[str, Any]) -> int:
    """Return roughly how many tokens the messages of a request have."""
    return sum(4 + estimate_tokens(message["content"]) for message in body["messages"])


def _shown(character: str) -> str:
    if character in " \t\n\r":
        return " "
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
        return character.encode("unicode_escape").decode()
    return character


def _read(response: httpx.Response, deadline: float) -> bytes | Failure:
    parts, size = [], 0
    for part in response.iter_raw():
        parts.append(part)
        size += len(part)
        if size > LARGEST_BODY:
            return Failure(Text(f"the answer is larger than {LARGEST_BODY:,} bytes", f"回答超过 {LARGEST_BODY:,} 字节"))
        if time.monotonic() > deadline:
            return Failure(Text("the answer came too slowly", "回答传输过慢"), again=True)
    return b"".join(parts)


def _failure(response: httpx.Response, text: str) -> Failure:
    status = response.status_code
    if 300 <= status < 400:
        target = visible(response.headers.get("location", "?"))
        return Failure(
            Text(
                f"HTTP {status}: it points to {target}, which is not followed; write the final address into url",
                f"HTTP {status}：它指向 {target}，不会跟随；请把最终地址写入 url",
            ),
            hopeless=True,
        )
    told, code = _told(text)
    reason = Text(f"HTTP {status}: {told}", f"HTTP {status}：{told}")
    wait = _wait_asked(response.headers.get("retry-after", ""))
    if wait > LONGEST_WAIT_SECONDS:
        reason = Text(
            f"HTTP {status}: the server asks to wait {wait:.0f} s ({told})",
            f"HTTP {status}：服务器要求等待 {wait:.0f} 秒（{told}）",
        )
        return Failure(reason, hopeless=True)
    if status in HOPELESS or code == "insufficient_quota":
        return Failure(reason, hopeless=True)
    return Failure(reason, again=status in PASSING or status >= 500, wait_seconds=wait)


def _told(text: str) -> tuple[str, str]:
    """Return the message and the code in the body of an error."""
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        return visible(text), ""
    error = error.get("error", error) if isinstance(error, dict) else error
    if not isinstance(error, dict):
        return visible(str(error)), ""
    return visible(str(error.get("message") or error)), str(error.get("code") or "")


def _wait_asked(header: str) -> float:
    header = header.strip()
    if header.isdecimal() and len(header) < 10:
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _answer(text: str, body: Mapping[str, Any], seconds: float) -> Answer | Failure:
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError) as problem:
        return Failure(Text(f"the answer is not JSON ({problem})", f"回答不是 JSON（{problem}）"), again=True)
    if isinstance(reply, dict) and "choices" not in reply and "error" in reply:
        told, code = _told(text)
        again = code in ("429", "500", "502", "503", "504", "rate_limit_exceeded", "server_error", "overloaded")
        return Failure(Text(f"the endpoint reports: {told}", f"接口报告：{told}"), again=again)
    try:
        choice = reply["choices"][0]
        said, finish = _said(choice["message"]), str(choice.get("finish_reason"))
    except (KeyError, IndexError, TypeError, AttributeError):
        told = visible(text, 120)
        return Failure(Text(f"no answer in the reply: {told}", f"回复中没有回答：{told}"), again=True)
    counts = _counts(reply.get("usage"))
    tokens_in, tokens_out = counts or (prompt_tokens(body), estimate_tokens(said))
    return Answer(said, tokens_in, tokens_out, _FINISHES.get(finish, "stop"), counts is None, seconds)


def _said(message: Mapping[str, Any]) -> str:
    # null: every token went into hidden reasoning, or the model declined with a "refusal" of its own
    said = message.get("content")
    if said is None:
        said = message.get("refusal") or ""
    if isinstance(said, list):
        said = "".join(part["text"] for part in said if part.get("type") == "text")
    if not isinstance(said, str):
        raise TypeError(f"content is a {type(said).__name__}")
    return said.encode("utf-8", "replace").decode("utf-8")


def _counts(usage: object) -> tuple[int, int] | None:
    if not isinstance(usage, dict):
        return None
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    read, written = counts
    if type(read) is int and type(written) is int and 0 <= read < 10**9 and 0 <= written < 10**9:
        return read, written
    return None
