"""Thousands of ListenerSets on one Gateway: what the translator does for one more of them, and for one more route.

`python -m tests.bench.listener_sets [SETS] [ROUTES]`: milliseconds of one process, without an Envoy.
"""

import gc
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.attach.issuing import certificate, ec_key, key_pem
from translator.api.core import Secret
from translator.api.kinds import Object, from_document
from translator.api.meta import Meta
from translator.pipeline import Translator
from translator.value import Key

SETS, ROUTES = 2500, 40_000
EDITS = 21
EDGE = {"name": "edge", "namespace": "infra"}


class World:
    """One Gateway, and tenants with a ListenerSet, a Service and routes each."""

    def __init__(self, sets: int, routes: int, https: bool) -> None:
        self.sets = sets
        self.https = https
        key = ec_key()
        self._pair = {"tls.crt": certificate(key), "tls.key": key_pem(key)}
        self.translator = Translator()
        self._put("GatewayClass", {"name": "c"}, controllerName="gatehouse.dev/gateway-controller")
        own = [{"name": "own", "port": 8080, "protocol": "HTTP"}]
        allowed = {"namespaces": {"from": "All"}}
        self._put("Gateway", EDGE, gatewayClassName="c", listeners=own, allowedListeners=allowed)
        for number in range(sets):
            self.tenant(number)
        for number in range(routes):
            self.route(number)

    def tenant(self, number: int) -> None:
        """Add a tenant."""
        home = f"t{number}"
        self.translator.put("Secret", Secret(Meta("tls", home), "kubernetes.io/tls", self._pair))
        self._put("Service", {"name": "app", "namespace": home}, ports=[{"port": 80}])
        self.listener_set(number)

    def listener_set(self, number: int, hostname: str = "", created: str = "2026-01-01T00:00:00Z") -> None:
        """Add or change a tenant's ListenerSet: one hostname, with the tenant's own certificate if it is HTTPS."""
        entry: dict[str, Any] = {"name": "web", "port": 80, "protocol": "HTTP"}
        if self.https:
            entry |= {"port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "tls"}]}}
        entry["hostname"] = hostname or f"t{number}.example.com"
        metadata = {"name": "web", "namespace": f"t{number}", "creationTimestamp": created}
        self._put("ListenerSet", metadata, parentRef=EDGE, listeners=[entry])

    def route(self, number: int, path: str = "") -> None:
        """Add or change a route, of one tenant after the other."""
        match = {"path": {"type": "PathPrefix", "value": path or f"/r{number}"}}
        rule = {"matches": [match], "backendRefs": [{"name": "app", "port": 80}]}
        metadata = {"name": f"r{number}", "namespace": f"t{number % self.sets}"}
        self._put("HTTPRoute", metadata, parentRefs=[{"kind": "ListenerSet", "name": "web"}], rules=[rule])

    def _put(self, kind: str, metadata: dict[str, Any], **spec: Any) -> None:
        value: Object = from_document(kind, {"metadata": metadata, "spec": spec})
        self.translator.put(kind, value)


def milliseconds(work: Callable[[], object]) -> float:
    """Do some work; return how long it took."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def measure(sets: int, routes: int, https: bool) -> dict[str, float]:
    """Build a world, and edit it one object at a time."""
    world = World(sets, routes, https)
    figures = {"all of it": milliseconds(world.translator.commit)}
    gc.freeze()

    def edited(edit: Callable[[int], object]) -> float:
        took = []
        for nth in range(EDITS):
            edit(nth)
            took.append(milliseconds(world.translator.commit))
        return median(took)

    figures["a route added"] = edited(lambda nth: world.route(routes + nth))
    figures["a route edited"] = edited(lambda nth: world.route(nth, path=f"/other{nth}"))
    figures["a ListenerSet added"] = edited(lambda nth: world.tenant(sets + nth))
    figures["a ListenerSet edited"] = edited(lambda nth: world.listener_set(nth, hostname=f"other{nth}.example.com"))
    figures["a ListenerSet deleted"] = edited(
        lambda nth: world.translator.delete("ListenerSet", Key(f"t{sets + nth}", "web"))
    )
    return figures


def main() -> None:
    """Print the figures of HTTP and of HTTPS ListenerSets."""
    gc.disable()
    sets, routes = (int(it) for it in (*sys.argv[1:], *map(str, (SETS, ROUTES)[len(sys.argv) - 1 :])))
    for https in (False, True):
        print(f"{sets} ListenerSets of {'HTTPS' if https else 'HTTP'}, {routes} routes")
        for name, took in measure(sets, routes, https).items():
            print(f"  {name:22} {took:10.1f} ms")


if __name__ == "__main__":
    main()
