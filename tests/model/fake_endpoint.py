"""A small endpoint on this machine that speaks chat/completions: misbehaves by script, or answers like a few-shot model.

    with endpoint(nearest_demonstration) as fake:
        model = open_remote(RemoteSettings(url=fake.url, model="fake"))

A reply is what to send for one request. `script` holds replies for the first requests; later ones are answered by
`answer`, a function of the messages.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Reply:
    """One HTTP answer: `body` is JSON, text or raw bytes; sent after `seconds`, in `pieces` with pauses between them."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    pieces: int = 1
    drop: bool = False  # close the connection without a word
    torn: bool = False  # close it in the middle of the answer


def said(text: str | None, *, finish: str = "stop", usage: bool = True, **message: Any) -> Reply:
    """Return an ordinary reply: the text, with 7 tokens read and 3 written unless `usage` is off."""
    body: dict[str, Any] = {
        "id": "chat-1",
        "object": "chat.completion",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
        ],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return Reply(body=body)


def error(status: int, message: str = "no", *, code: str = "", **headers: str) -> Reply:
    """Return an error reply; header names are written with underscores (`Retry_After="1"`)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"error": {"message": message, "code": code}}, named)


def echo(messages: Messages) -> Reply:
    """Answer with what the user said last."""
    return said(f"echo: {messages[-1]['content']}")


def nearest_demonstration(messages: Messages) -> Reply:
    """Answer a few-shot prompt with the answer of the demonstration that shares most words and pairs of letters.

    Without demonstrations: the first word of the system text (a poor model, on purpose).
    """
    asked = _features(messages[-1]["content"])
    shown = [
        (_alike(asked, _features(question["content"])), -place, answer["content"])
        for place, (question, answer) in enumerate(pairwise(messages))
        if question["role"] == "user" and answer["role"] == "assistant"
    ]
    if shown:
        return said(max(shown)[2])
    return said((messages[0]["content"].split() or [""])[0])


def _features(text: str) -> frozenset[str]:
    text = text.casefold()
    return frozenset(text.split()) | {text[place : place + 2] for place in range(len(text) - 1)}


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


@dataclass
class FakeEndpoint:
    """The running endpoint: its base address and every request it got (headers and body)."""

    url: str
    answer: Callable[[Messages], Reply]
    script: list[Reply]
    # In place of `answer`, for whom messages are too little.
    answer_body: Callable[[dict[str, Any]], Reply] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: Mapping[str, str], body: dict[str, Any]) -> Reply:
        """Note a request and return the reply to it."""
        with self.lock:
            self.requests.append(body)
            self.headers.append({name.lower(): value for name, value in headers.items()})
            self.times.append(time.monotonic())
            if self.script:
                return self.script.pop(0)
        return self.answer_body(body) if self.answer_body is not None else self.answer(body["messages"])


@contextmanager
def endpoint(answer: Callable[[Messages], Reply] = echo, *, script: Sequence[Reply] = ()) -> Iterator[FakeEndpoint]:
    """Run an endpoint on a free port of this machine while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    fake = FakeEndpoint(f"http://127.0.0.1:{server.server_address[1]}/v1", answer, list(script))
    server.fake = fake  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else head and body of an answer come 40 ms apart

    def handle(self) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # a client that was killed
            super().handle()

    def do_POST(self) -> None:
        fake: FakeEndpoint = self.server.fake  # type: ignore[attr-defined]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with fake.lock:
            fake.at_once += 1
            fake.most_at_once = max(fake.most_at_once, fake.at_once)
        try:
            wrong_path = self.path != "/v1/chat/completions"
            self._send(error(404, "no such path") if wrong_path else fake.take(dict(self.headers.items()), body))
        except (BrokenPipeError, ConnectionResetError):  # the client gave up, which some tests want
            self.close_connection = True
        finally:
            with fake.lock:
                fake.at_once -= 1

    def _send(self, reply: Reply) -> None:
        if reply.seconds:
            time.sleep(reply.seconds)
        if reply.drop:
            self.close_connection = True
            return
        raw = reply.body if isinstance(reply.body, bytes) else _encoded(reply.body)
        self.send_response(reply.status)
        for name, value in {
            "Content-Type": "application/json",
            **reply.headers,
            "Content-Length": str(len(raw)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if reply.torn:
            self.wfile.write(raw[: len(raw) // 2])
            self.close_connection = True
            return
        step = -(-len(raw) // reply.pieces) or 1
        for start in range(0, len(raw), step):
            self.wfile.write(raw[start : start + step])
            self.wfile.flush()
            if reply.pieces > 1:
                time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _encoded(body: object) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()
