"""Puts random requests over random worlds to a real Envoy and to `explain`, and counts where they are of two minds.

    python -m tests.explaining.proof --worlds 25 --requests 400

What is compared: the status; of redirects all of Location; of forwarded requests which backend is asked, with which
path and Host, and which backends get a copy; and which rule it was, by a header that each sets. Where chance decides,
what Envoy does must be one of the ways that were explained.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tests.echo.certificates import self_signed
from tests.envoy import static
from tests.envoy.running import running
from tests.explaining import worlds
from tests.explaining.backends import MARK, SECURE, Backends, backends
from tests.explaining.clients import CLOSED, Answered, send
from tests.live.stack import free_offset
from translator.pipeline import Translator
from translator.xds.resource import ResourceType
from translator.xds.shards import Sharding
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, Won, explain
from xds_server.explaining.request import Request
from xds_server.rendering import route_configuration

FIRST_SEED = 20261121
GRPC_OF = {0: 0, 404: 12, 503: 14, 421: 2, 500: 2}
"""By the status of an answer that Envoy gives itself, the grpc-status that gRPC clients see instead; 2 for others."""
COPY_SECONDS = 5.0
DIVIDED = Sharding(table_bytes=1, copies=0)


class Way(NamedTuple):
    """What becomes of a request, as both sides can say it."""

    status: int
    """0 is a closed connection."""
    rule: str = ""
    backend: str = ""
    path: str = ""
    host: str = ""
    location: str = ""


class Disagreement(NamedTuple):
    """A request that goes another way than was explained."""

    seed: int
    request: Request
    http2: bool
    explained: set[Way]
    done: Way
    explanation: Explanation

    def __str__(self) -> str:
        return (
            f"world {self.seed}, h2 {self.http2}: {self.request}\n  explained {self.explained}\n  done      {self.done}"
        )


class Result(NamedTuple):
    """What was found out."""

    requests: int
    ways: Counter[str]
    disagreements: list[Disagreement]


def configuration(translator: Translator) -> Configuration:
    """Return what Envoys are given, as `explain` reads it."""
    rows: list[tuple[str, str, bytes]] = [(kind, it.name, it.body) for _, kind, it in translator.resources()]
    rows += [(ResourceType.ROUTE, t.name, route_configuration(t, hosts)) for _, t, hosts in translator.tables()]
    return Configuration(str(worlds.EDGE), rows)


def draw(chance: random.Random, mark: str) -> tuple[Request, bool]:
    """Draw a request, and whether it is sent over HTTP/2."""
    sealed = chance.random() < 0.08
    scheme = "https" if sealed else chance.choice(("http", "https"))
    names = [it for it in worlds.HOSTS if it.islower()]
    grpc = not sealed and chance.random() < 0.2
    headers: list[tuple[str, str]] = [(MARK, mark)]
    headers += [("x-user", chance.choice(worlds.VALUES)) for _ in range(chance.choice((0, 0, 1, 1, 2)))]
    method = chance.choice(("GET", "GET", "POST", "PUT", "OPTIONS"))
    path = "/" + "/".join(chance.choices(worlds.SEGMENTS, k=chance.randint(1, 3)))
    if grpc:
        method, path = "POST", f"/{chance.choice(worlds.SERVICES)}/{chance.choice(worlds.METHODS)}"
        headers.append(("content-type", chance.choice(("application/grpc", "application/grpc+proto"))))
    elif chance.random() < 0.3:
        headers.append(("origin", chance.choice(("https://app.test", "https://other.test"))))
        headers += [("access-control-request-method", "GET")] if chance.random() < 0.7 else []
    query = "&".join(
        f"{chance.choice('qp')}={chance.choice(worlds.VALUES)}" for _ in range(chance.choice((0, 0, 1, 2)))
    )
    server_name = chance.choice((*worlds.SEALED_NAMES[::2], "c.sealed.test")) if sealed else chance.choice(names)
    host = server_name if chance.random() < 0.6 and scheme == "https" else chance.choice(worlds.HOSTS)
    request = Request(
        method=method,
        scheme=scheme,
        authority=host + chance.choice(("", "", ":80", ":443", ":99")),
        port=(chance.choice((worlds.HTTPS, worlds.SEALED)) if sealed else worlds.HTTPS)
        if scheme == "https"
        else worlds.HTTP,
        path=path,
        query=query,
        headers=tuple(headers),
        server_name=server_name if scheme == "https" else "",
        has_query=bool(query),
    )
    return request, grpc or chance.random() < 0.4


def explained(found: Explanation, request: Request) -> set[Way]:
    """Return every way that a request may go."""
    if not found.won:
        return {_own(found.status, request)}
    return {way for won in found.won for way in _ways(won, request)}


def _ways(won: Won, request: Request) -> Iterator[Way]:
    answer = won.answer
    parts = won.route.split("/")
    rule = f"{parts[2]}/{parts[4]}" if won.ref is not None else ""
    if answer.kind == "redirect":
        yield _own(answer.status, request)._replace(rule=rule, location=answer.location)
    elif answer.kind == "respond":
        preflight = answer.words.startswith("CORS")
        yield Way(answer.status) if preflight else _own(answer.status, request)._replace(rule=rule)
    elif not answer.path:
        yield from (Way(200, "", _backend(it.cluster), request.path, "") for it in answer.destinations if it.percent)
    else:
        for it in answer.destinations:
            if it.percent and it.words:
                yield _own(int(it.words.removeprefix("answered with ")), request)._replace(rule=rule)
            elif it.percent:
                yield Way(200, rule, _backend(it.cluster), answer.path, answer.host)


def _own(status: int, request: Request) -> Way:
    """An answer of Envoy's own, as a client of the request's kind sees it."""
    return Way(-GRPC_OF.get(status, 2)) if _is_grpc(request) and status else Way(status)


def _is_grpc(request: Request) -> bool:
    return any(it.startswith("application/grpc") for it in request.header("content-type"))


def _backend(cluster: str) -> str:
    return cluster.split("/")[1].removesuffix("-h2c")


def done(answer: Answered, request: Request) -> Way:
    """Say the same of an answer."""
    headers = answer.headers
    rule, backend = headers.get(worlds.RULE, ""), headers.get("x-backend", "")
    if answer.status == CLOSED:
        return Way(0)
    if backend in SECURE:
        return Way(200, "", backend, request.path, "")
    if backend:
        return Way(answer.status, rule, backend, headers["x-path"], headers["x-host"])
    status = -int(headers["grpc-status"]) if _is_grpc(request) and "grpc-status" in headers else answer.status
    return Way(status, rule, location=headers.get("location", ""))


def copied(found: Explanation, way: Way, mark: str, seen: dict[str, set[str]]) -> bool:
    """Whether the backends that get a copy got one; where chance decides it may be none."""
    mirrors = {_backend(it) for won in found.won if _is(won, way) for it in won.answer.mirrors}
    deadline = time.monotonic() + COPY_SECONDS
    while mirrors and not mirrors <= seen.get(mark, set()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return seen.get(mark, set()) <= {*mirrors, way.backend, *_chances(found)}


def _is(won: Won, way: Way) -> bool:
    return not won.answer.chances and f"/{way.rule.replace('/', '/rule/')}/" in won.route if way.rule else False


def _chances(found: Explanation) -> set[str]:
    return {_backend(it) for won in found.won for it in (*won.answer.chances, *won.answer.mirrors)}


def prove(seed: int, requests: int, ready: Backends, folder: Path) -> Result:
    """Try one world; in those of odd seeds route tables are divided, however few hosts there are."""
    chance = random.Random(seed)
    certificate, key = self_signed(folder, "a.example.com")
    offset = free_offset()
    pair = certificate.read_bytes(), key.read_bytes()
    translator = worlds.world(chance, ready.ports, pair, offset, DIVIDED if seed % 2 else Sharding())
    given = configuration(translator)
    resources = [(kind, it) for _, kind, it in translator.resources()]
    tables = [(table, hosts) for _, table, hosts in translator.tables()]
    ways: Counter[str] = Counter()
    wrong: list[Disagreement] = []
    with running(static.bootstrap(resources, tables)):
        for number in range(requests):
            mark = f"{seed}-{number}"
            request, http2 = draw(chance, mark)
            found = explain(request, given)
            expected, came = explained(found, request), done(send(request, offset, http2), request)
            if came not in expected or (came.backend and not copied(found, came, mark, ready.seen)):
                wrong.append(Disagreement(seed, request, http2, expected, came, found))
            ways[_kind(found, came)] += 1
    return Result(requests, ways, wrong)


def _kind(found: Explanation, way: Way) -> str:
    if way.status == CLOSED:
        return "closed"
    if way.backend in SECURE:
        return "TLS passed through"
    if way.backend:
        copies = any(won.answer.mirrors for won in found.won)
        return "forwarded, copied" if copies else "forwarded to one of several" if len(found.won) > 1 else "forwarded"
    if way.location:
        return "redirected"
    return f"gRPC status {-way.status}" if way.status < 0 else f"answered {way.status}"


def main() -> int:
    """Try many worlds; 1 where there is a disagreement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=25)
    parser.add_argument("--requests", type=int, default=400, help="for each world")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    asked = parser.parse_args()
    ways: Counter[str] = Counter()
    requests, wrong = 0, 0
    with TemporaryDirectory() as folder, backends(Path(folder)) as ready:
        for seed in range(asked.seed, asked.seed + asked.worlds):
            result = prove(seed, asked.requests, ready, Path(folder))
            requests, wrong = requests + result.requests, wrong + len(result.disagreements)
            ways += result.ways
            print(f"world {seed}: {result.requests} requests", file=sys.stderr, flush=True)
            for it in result.disagreements[:5]:
                print(it, flush=True)
    print(f"{requests} requests over {asked.worlds} worlds, {wrong} disagreements")
    for kind, count in ways.most_common():
        print(f"  {count:6} {kind}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
