"""The page as a WSGI application: its files, its questions, and its news for as long as somebody looks."""

import asyncio
import gzip
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from xds_server.control_plane import ControlPlane
from xds_server.debug.known import Known
from xds_server.page.guard import HEADERS, refusal

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from xds_server.page.questions import Questions

FILES = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
JSON, NEWS = "application/json", "text/event-stream"
LOOK_SECONDS, ALIVE_SECONDS = 0.25, 10.0
"""Between two looks for news, and between two signs of life to who hears none."""
MOST_LISTENERS = 32
WORTH_PACKING = 4096
"""Bytes."""

Query = Mapping[str, list[str]]


class Page:
    """Answers GET requests over loopback; files come from memory, everything else from the control plane."""

    def __init__(self, plane: ControlPlane, known: Known, loop: asyncio.AbstractEventLoop) -> None:
        self._known = (plane, known, loop)
        self._files = {
            f"/{it.relative_to(FILES)}": (TYPES[it.suffix], it.read_bytes())
            for it in FILES.rglob("*")
            if it.suffix in TYPES
        }
        self._questions: Questions | None = None
        self._turn = Lock()
        self._seats = BoundedSemaphore(MOST_LISTENERS)

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer a request, or refuse it."""
        refused = refusal(environ)
        if refused is not None:
            return _say(start, environ, refused.status, "text/plain; charset=utf-8", f"{refused.words}\n".encode())
        path = environ.get("PATH_INFO", "/")
        found = self._files.get("/index.html" if path == "/" else path)
        if found is not None:
            return _say(start, environ, HTTPStatus.OK, *found)
        if path == "/api/news":
            return self._news(environ, start)
        return self._answer(path, parse_qs(environ.get("QUERY_STRING", "")), environ, start)

    def _answer(self, path: str, query: Query, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        try:
            status, answer = HTTPStatus.OK, self._ask(path, query)
        except LookupError as error:
            status, answer = HTTPStatus.NOT_FOUND, {"error": _words(error)}
        except ValueError as error:
            status, answer = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        except (TimeoutError, RuntimeError):
            status, answer = HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the control plane does not answer"}
        return _say(start, environ, status, JSON, msgspec.json.encode(answer))

    def _ask(self, path: str, query: Query) -> Any:
        def one(name: str, default: str = "") -> str:
            return query.get(name, [default])[0]

        match path:
            case "/api/world":
                return self._known_by_now.world(int(one("since", "-1")), one("after"), int(one("limit", "500")))
            case "/api/object":
                return self._known_by_now.about(one("id"))
            case "/api/change":
                return self._known_by_now.change(int(one("number", "0")), one("id"))
            case "/api/envoys":
                return self._known_by_now.envoys(one("gateway"))
            case "/api/gateways":
                return self._known_by_now.gateways()
            case "/api/samples":
                samples = self._known_by_now.samples
                return {"count": samples.count, "samples": samples.since(0)}
            case "/api/explain":
                asked = (one("method", "GET"), one("url"), query.get("header", []), one("sni"), one("gateway"))
                return self._known_by_now.explain(*asked)
        raise LookupError(f"there is nothing at {path}")

    @property
    def _known_by_now(self) -> "Questions":
        """What answers, made with the first question: it costs memory that who never looks does not pay."""
        with self._turn:
            if self._questions is None:
                from xds_server.page.questions import Questions

                self._questions = Questions(*self._known)
            return self._questions

    # ---- news -----------------------------------------------------------------------------------------------------

    def _news(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        if not self._seats.acquire(blocking=False):
            words = {"error": f"{MOST_LISTENERS} are listening already"}
            return _say(start, environ, HTTPStatus.SERVICE_UNAVAILABLE, JSON, msgspec.json.encode(words))
        start("200 OK", [("Content-Type", NEWS), ("Cache-Control", "no-store"), *HEADERS])
        return _Listening(self._known_by_now, self._seats.release)


class _Listening:
    """Server-sent events: what is new, by name and number, for as long as they are read."""

    def __init__(self, questions: "Questions", leave: Callable[[], None]) -> None:
        self._questions = questions
        self._leave = leave

    def __iter__(self) -> Iterator[bytes]:
        seen: dict[str, int] = {}
        questions, spoken = self._questions, 0.0
        while True:
            questions.samples.take()
            now = {"world": questions.commits, "envoys": questions.events, "samples": questions.samples.count}
            for name, number in now.items():
                if seen.get(name) != number:
                    spoken = time.monotonic()
                    yield _event(name, questions.samples.since(seen[name]) if name == "samples" and seen else number)
            if time.monotonic() - spoken > ALIVE_SECONDS:
                spoken = time.monotonic()
                yield b": still here\n\n"
            seen = now
            time.sleep(LOOK_SECONDS)

    def close(self) -> None:
        """Let somebody else listen."""
        self._leave()


def _event(name: str, data: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))


def _words(error: LookupError) -> str:
    return str(error.args[0]) if error.args else str(error)


def _say(
    start: "StartResponse", environ: "WSGIEnvironment", status: HTTPStatus, content_type: str, body: bytes
) -> list[bytes]:
    packed = len(body) > WORTH_PACKING and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
    content = gzip.compress(body, compresslevel=1) if packed else body
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(content))),
        ("Cache-Control", "no-store" if content_type == JSON else "no-cache"),
        *HEADERS,
    ]
    start(f"{status.value} {status.phrase}", [*headers, ("Content-Encoding", "gzip")] if packed else headers)
    return [content]
