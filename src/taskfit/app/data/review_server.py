"""The review in a browser: a server for this machine alone, that answers only those who know its token.

It listens on 127.0.0.1, on a port that the system chooses. Every address begins with a token drawn at the start;
requests for another host (a name that somebody points at this machine) or from the page of another origin are
refused. What it sends is one page and plain JSON; rows are never markup.
"""

import hmac
import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from taskfit.app.data.review import Review
from taskfit.app.data.review_page import page_policy, review_page
from taskfit.app.data.review_view import view_of
from taskfit.core.errors import TaskfitError
from taskfit.core.files import to_json
from taskfit.core.text import Language

HOST = "127.0.0.1"
LONGEST_BODY = 4_000_000
LONGEST_NAME = 80
WHATS = ("accept", "relabel", "edit", "reject", "skip")


class ReviewServer(ThreadingHTTPServer):
    """Serves one review; `url` is the only address that answers."""

    daemon_threads = True

    def __init__(self, review: Review, who: str, language: Language, *, name: str = ""):
        super().__init__((HOST, 0), _Answers)
        self.review = review
        self.token = secrets.token_urlsafe(24)
        self.page = review_page(name, who, language).encode("utf-8", "backslashreplace")

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names by which this server may be asked for."""
        return tuple(f"{name}:{self.server_port}" for name in (HOST, "localhost"))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.hosts[0]}/{self.token}/"


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, told: Mapping[str, str] | None = None):
        super().__init__(status.phrase)
        self.status = status
        self.told = told or {"en": status.phrase, "zh": status.phrase}


class _Answers(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version = "taskfit"
    sys_version = ""
    timeout = 30.0  # a request that never ends holds its thread no longer

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the address holds the token."""

    def _answer(self, work: Any) -> None:
        try:
            path, asked = self._allowed()
            work(path, asked)
        except _Refused as refused:
            self._send(to_json({"problem": refused.told}).encode(), "application/json", refused.status)
        except TaskfitError as problem:
            told = {"en": _said(problem, "en"), "zh": _said(problem, "zh")}
            self._send(to_json({"problem": told}).encode(), "application/json", HTTPStatus.CONFLICT)

    def _allowed(self) -> tuple[str, dict[str, str]]:
        """Return the path behind the token and what is asked; raise _Refused for everybody else."""
        if self.headers.get("Host") not in self.server.hosts:
            raise _Refused(HTTPStatus.MISDIRECTED_REQUEST)
        origin = self.headers.get("Origin")
        if origin is None and self.command == "POST":
            raise _Refused(HTTPStatus.FORBIDDEN)
        if origin is not None and origin != f"http://{self.headers.get('Host')}":
            raise _Refused(HTTPStatus.FORBIDDEN)
        address = urlsplit(self.path)
        token, _, path = address.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            raise _Refused(HTTPStatus.NOT_FOUND)
        return path, {name: values[-1] for name, values in parse_qs(address.query).items()}

    def _get(self, path: str, asked: Mapping[str, str]) -> None:
        review = self.server.review
        if path == "":
            self._send(self.server.page, "text/html; charset=utf-8")
        elif path == "at":
            who = _who(asked)
            at = asked.get("at", "")
            place = int(at) if at.isascii() and at.isdecimal() and len(at) < 10 else review.next_for(who)
            self._show(who, place)
        else:
            raise _Refused(HTTPStatus.NOT_FOUND)

    def _post(self, path: str, asked: Mapping[str, str]) -> None:  # noqa: ARG002
        review, said = self.server.review, self._body()
        who = _who(said)
        if path == "undo":
            last = review.undo(who)
            place = None if last is None else _place(review, last.row)
            self._show(who, review.next_for(who) if place is None else place)
        elif path == "decide":
            what = said.get("what")
            if what not in WHATS:
                raise _Refused(HTTPStatus.BAD_REQUEST)
            words = {name: said[name] for name in ("label", "answer", "text") if said.get(name) is not None}
            review.decide(str(said.get("row")), who, what, {**words, "via": "page"})  # type: ignore[arg-type]
            self._show(who, review.next_for(who, _place(review, str(said.get("row"))) or 0))
        else:
            raise _Refused(HTTPStatus.NOT_FOUND)

    def _show(self, who: str, place: int | None) -> None:
        review = self.server.review
        review.refresh()
        if place is not None and place >= len(review.items):
            place = review.next_for(who)
        view = to_json(view_of(review, who, place), indent=None)
        self._send(view.encode("utf-8", "backslashreplace"), "application/json")

    def _body(self) -> dict[str, str]:
        """Return the texts of a JSON object; raise _Refused when it is none, or too long."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdecimal()) or self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.BAD_REQUEST)
        if int(length) > LONGEST_BODY:
            raise _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            found = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise _Refused(HTTPStatus.BAD_REQUEST) from None
        if not isinstance(found, dict) or not all(one is None or isinstance(one, str) for one in found.values()):
            raise _Refused(HTTPStatus.BAD_REQUEST)
        return found

    def _send(self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(content)),
            "Content-Security-Policy": page_policy(),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _who(said: Mapping[str, str]) -> str:
    who = " ".join(str(said.get("who") or "").split())
    if not who or len(who) > LONGEST_NAME:
        raise _Refused(HTTPStatus.BAD_REQUEST, {"en": "say your name first", "zh": "请先填写你的名字"})
    return who


def _place(review: Review, row: str) -> int | None:
    return next((at for at, item in enumerate(review.items) if item.record.id == row), None)


def _said(problem: TaskfitError, language: Language) -> str:
    return "; ".join(one.what.in_language(language) for one in problem.findings)
