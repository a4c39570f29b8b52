"""What the backend answers to a request: a pure function of the request and of how often it was asked before.

A request steers its answer, as with the conformance backend:

- `/status/503` answers with that status
- `?delay=300ms` or the header `X-Echo-Delay: 300ms` answers that much later
- `X-Echo-Set-Header: Name:value, Other:value` sets headers of the response
- `?responseCode=500&succeedAfter=2&delayRetry=100ms` fails the first two of equal requests, and answers each after the
  first that much later
"""

import json
import re
from urllib.parse import parse_qs

from translator.value import Value
from xds_server.echo.identity import Identity

Header = tuple[str, str]

STATUS_PATH = re.compile(r"/status/([2-5]\d\d)")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|us|m|s)")
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
BODILESS = (204, 304)


class Request(Value):
    """A request as it arrived; header names in lower case, `target` the path with its query, undecoded."""

    method: str
    target: str
    host: str
    proto: str
    headers: tuple[Header, ...] = ()

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    def parameter(self, name: str) -> str:
        """The first value of a query parameter, or nothing."""
        return parse_qs(self.target.partition("?")[2]).get(name, [""])[0]

    def header(self, name: str) -> str:
        """All values of a header joined by commas, or nothing."""
        return ",".join(value for key, value in self.headers if key == name)


class Answer(Value):
    """A response, sent `delay` seconds after the request."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    delay: float = 0.0


def answer(request: Request, identity: Identity, *, earlier: int = 0) -> Answer:
    """Answer a request that `earlier` equal ones preceded."""
    path = request.path
    status = 200
    if path.startswith("/status/"):
        match = STATUS_PATH.fullmatch(path)
        if match is None:
            return complaint(f"{path}: the status is a number from 200 to 599")
        status = int(match[1])
    delay = seconds(request.parameter("delay") or request.header("x-echo-delay") or "0s")
    retry_delay = seconds(request.parameter("delayRetry") or "0s") if earlier else 0.0
    succeed_after = request.parameter("succeedAfter") or "0"
    failure = request.parameter("responseCode") or "500"
    if delay is None or retry_delay is None:
        return complaint("a delay is a duration like 1s, 300ms or 1m30s")
    if not (succeed_after.isdecimal() and re.fullmatch(r"[2-5]\d\d", failure)):
        return complaint("succeedAfter is a number of requests and responseCode a status from 200 to 599")
    if earlier < int(succeed_after):
        status = int(failure)
    return Answer(
        status=status,
        headers=(("content-type", "application/json"), *asked_headers(request.header("x-echo-set-header"))),
        body=b"" if status in BODILESS else _json(description(request, identity)),
        delay=delay + retry_delay,
    )


def counts_attempts(request: Request) -> bool:
    """Whether the answer depends on how often the request was made."""
    return bool(request.parameter("succeedAfter"))


def description(request: Request, identity: Identity) -> dict[str, object]:
    """The request in the members of echo-basic's RequestAssertions; header names as Go's net/http writes them."""
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name != "host":
            headers.setdefault("-".join(part.capitalize() for part in name.split("-")), []).append(value)
    return {
        "path": request.target,
        "host": request.host,
        "method": request.method,
        "proto": request.proto,
        "headers": dict(sorted(headers.items())),
        "namespace": identity.namespace,
        "service": identity.service,
        "pod": identity.pod,
    }


def complaint(message: str) -> Answer:
    """Refuse a request whose controls cannot be read."""
    return Answer(status=400, headers=(("content-type", "application/json"),), body=_json({"message": message}))


def received(lines: tuple[str, ...], identity: Identity) -> Answer:
    """List what this backend received, e.g. to see that a mirror works."""
    body = _json({"pod": identity.pod, "received": list(lines)})
    return Answer(status=200, headers=(("content-type", "application/json"),), body=body)


def asked_headers(listed: str) -> tuple[Header, ...]:
    """Read `Name:value, Name:value`; a name listed twice becomes one header with both values."""
    headers: dict[str, str] = {}
    for item in listed.split(","):
        name, colon, value = (part.strip() for part in item.partition(":"))
        if colon and name:
            key = name.lower()
            headers[key] = f"{headers[key]},{value}" if key in headers else value
    return tuple(headers.items())


def seconds(duration: str) -> float | None:
    """Read a duration in Go's notation, or return None where it is none."""
    parts = DURATION_PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        return None
    return sum(float(number) * SECONDS[unit] for number, unit in parts)


def _json(content: dict[str, object]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"
