"""The product from objects to a real Envoy, in one process: translator, snapshots and the ADS server."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import yaml

from tests.ads.control_plane import Served, serving
from tests.bench.process import cpu_seconds
from tests.envoy.running import LOOPBACK, Envoy, free_port, running
from translator import ir
from translator.api.kinds import from_document
from translator.pipeline import Settings, Translator
from translator.value import Key
from translator.xds.resource import ResourceType
from translator.xds.shards import Sharding
from xds_server import bootstrap
from xds_server.ads.events import Acked, Nacked
from xds_server.snapshot import Change

HOME = "shop"
EDGE = Key(HOME, "edge")
SERVICE = "shared"
PORT = 80
PATIENCE = 120.0
POLL_SECONDS = 0.001
REST_SECONDS = 0.3
"""What Envoy does after an ACK, as freeing what it had, is its cost as well."""

Document = dict[str, Any]
Rewrite = Callable[[Change], Iterable[Change]]


class Cost(NamedTuple):
    """What one piece of work took: CPU of both, and the time until Envoy had answered for all of it, in ms."""

    control_plane: float
    envoy: float
    took: float


class Product:
    """A Gateway with one listener, served to one Envoy."""

    def __init__(self, served: Served, sharding: Sharding, rewrite: Rewrite, port: int) -> None:
        self.served = served
        self.port = port
        self.envoy: Envoy
        self.divided = False
        """Whether the last commit pointed scopes at other shards."""
        self._translator = gateway(sharding, port)
        self._rewrite = rewrite

    def put(self, *routes: Document) -> None:
        """Add or change routes; takes effect with the next commit."""
        for route in routes:
            self._translator.put("HTTPRoute", from_document("HTTPRoute", route))

    def delete(self, name: str) -> None:
        """Remove a route with the next commit."""
        self._translator.delete("HTTPRoute", Key(HOME, name))

    def commit(self) -> None:
        """Translate and publish."""
        commit = self._translator.commit()
        self.divided = any(it.type is ResourceType.SCOPE for it in commit.resources)
        changes = (*commit.resources, *commit.tables, *commit.hosts)
        self.served.apply(*(it for change in changes for it in self._rewrite(change)))

    def answered(self, rest: float = REST_SECONDS) -> Cost:
        """Commit, wait until Envoy has answered for all of it, let it rest, and return what that took."""
        known, began = len(self.served.events), time.perf_counter()
        ours, theirs = time.process_time(), cpu_seconds(self.envoy.pid)
        self.commit()
        waiting = time.thread_time()
        until_answered(self.served, EDGE, known)
        ours += time.thread_time() - waiting
        took = time.perf_counter() - began
        time.sleep(rest)
        spent = time.process_time() - ours, cpu_seconds(self.envoy.pid) - theirs
        return Cost(spent[0] * 1000, spent[1] * 1000, took * 1000)


def until_answered(served: Served, gateway: Key, known: int) -> None:
    """Wait until there was an ACK after so many events, and nothing is unanswered."""

    def done() -> bool:
        fresh, server = served.events[known:], served.server
        assert not any(isinstance(it, Nacked) for it in fresh), f"Envoy refused something: {fresh}"
        return any(isinstance(it, Acked) for it in fresh) and not server.unanswered() and bool(server.settled(gateway))

    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s in vain for Envoy"
        time.sleep(POLL_SECONDS)


def gateway(sharding: Sharding, port: int = PORT) -> Translator:
    """A translator of a Gateway with one listener, which Envoys have on a port of loopback, and of a Service."""
    made = Translator(Settings(sharding=sharding))
    made.place(EDGE, ir.Placement(bind=LOOPBACK, port_offset=port - PORT))
    listener = {"name": "http", "port": PORT, "protocol": "HTTP"}
    for kind, metadata, spec in (
        ("GatewayClass", {"name": "c"}, {"controllerName": Settings().controller_name}),
        ("Gateway", EDGE._asdict(), {"gatewayClassName": "c", "listeners": [listener]}),
        ("Service", {"name": SERVICE, "namespace": HOME}, {"ports": [{"port": 80}]}),
    ):
        made.put(kind, from_document(kind, {"metadata": metadata, "spec": spec}))
    return made


def route(name: str, *hostnames: str, path: str = "/", backend: bool = True) -> Document:
    """A route to the shared Service, or one that Envoy itself answers."""
    rule: Document = {"matches": [{"path": {"type": "PathPrefix", "value": path}}]}
    if backend:
        rule["backendRefs"] = [{"name": SERVICE, "port": 80}]
    else:
        redirect = {"hostname": "elsewhere.example.com", "statusCode": 302}
        rule["filters"] = [{"type": "RequestRedirect", "requestRedirect": redirect}]
    spec = {"parentRefs": [{"name": EDGE.name}], "hostnames": list(hostnames), "rules": [rule]}
    return {"metadata": {"name": name, "namespace": HOME}, "spec": spec}


def as_it_is(change: Change) -> Iterable[Change]:
    """Publish what was translated."""
    return (change,)


@contextmanager
def product(sharding: Sharding, *routes: Document, rewrite: Rewrite = as_it_is) -> Iterator[Product]:
    """Serve routes to an Envoy for as long as the block lasts; all is known there when entered."""
    gc.disable()
    with serving() as served:
        made = Product(served, sharding, rewrite, free_port())
        made.put(*routes)
        made.commit()
        gc.freeze()
        text = bootstrap.render(EDGE, node="edge-1", xds_host=LOOPBACK, xds_port=served.port)
        with running(yaml.safe_load(text)) as made.envoy:
            until_answered(served, EDGE, 0)
            yield made
