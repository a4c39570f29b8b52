"""What nearly served a request that nothing serves, or not as somebody wished: the objects, and what they are told.

Envoys know nothing of what was refused before it came to them. So routes that have the host and are not accepted, and
listeners that have the port and are not served, are looked for among the objects; their conditions say what to change.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from translator.api.gateway import Gateway, ListenerSet
from translator.api.routes import GRPCRoute, HTTPRoute, TLSRoute
from translator.attach.hostnames import covers, normal
from translator.pipeline import Translator
from translator.status import Condition, GatewayStatus, ListenerSetStatus, RouteStatus, Status, amiss
from translator.value import Key, Ref
from xds_server.explaining.explanation import Explanation
from xds_server.explaining.request import Request

MOST = 5
"""Hints of each sort."""
UNREACHABLE = (500, 503)
WITH_HOSTNAMES = (HTTPRoute, GRPCRoute, TLSRoute)
Statuses = Mapping[Ref, Status]


def nearly(request: Request, found: Explanation, translator: Translator, statuses: Statuses) -> Iterator[str]:
    """Yield hints, the nearest first; none where all is as it should be."""
    namespace, _, name = found.gateway.partition("/")
    gateway = Key(namespace, name)
    if not found.table and not found.won:
        yield from islice(_listeners(request, gateway, translator, statuses), MOST)
    if not found.won:
        yield from islice(_routes(request, gateway, translator, statuses), MOST)
    yield from islice(_behind(found, statuses), MOST)


def _listeners(request: Request, gateway: Key, translator: Translator, statuses: Statuses) -> Iterator[str]:
    """Listeners that have the port and the host, and something is amiss about."""
    wanted = request.server_name or request.host
    for ref, owner in _holders(gateway, translator):
        status = statuses.get(ref)
        told = status.listeners if isinstance(status, GatewayStatus | ListenerSetStatus) else ()
        conditions = {it.name: it.conditions for it in told}
        for listener in owner.spec.listeners:
            if listener.port == request.port and covers(normal(listener.hostname), wanted):
                for words in _wrong(conditions.get(listener.name, ())):
                    yield f"listener {listener.name} of {ref} has port {listener.port}, but {words}"
        for words in _wrong(getattr(status, "conditions", ())):
            yield f"{ref}: {words}"


def _holders(gateway: Key, translator: Translator) -> Iterator[tuple[Ref, Gateway | ListenerSet]]:
    """The Gateway and the ListenerSets that ask to be its."""
    objects = translator.world().objects
    found = objects["Gateway"].get(gateway)
    if isinstance(found, Gateway):
        yield Ref("Gateway", *gateway), found
    for key, it in sorted(objects["ListenerSet"].items(), key=lambda row: row[0]):
        if isinstance(it, ListenerSet):
            parent = it.spec.parent_ref
            if Key(parent.namespace or key.namespace, parent.name) == gateway:
                yield Ref("ListenerSet", *key), it


def _routes(request: Request, gateway: Key, translator: Translator, statuses: Statuses) -> Iterator[str]:
    """Routes of the Gateway that have the host, and something is amiss about."""
    for ref, route in sorted(translator.world().routes.items(), key=lambda it: it[0]):
        hostnames = [normal(it) for it in route.spec.hostnames] if isinstance(route, WITH_HOSTNAMES) else []
        if hostnames and not any(covers(it, request.host) for it in hostnames):
            continue
        status = statuses.get(ref)
        for entry in status.parents if isinstance(status, RouteStatus) else ():
            if Key(entry.parent_ref.namespace or ref.namespace, entry.parent_ref.name) == gateway:
                for words in _wrong(entry.conditions):
                    yield f"{ref} has the host, but {words}"


def _behind(found: Explanation, statuses: Statuses) -> Iterator[str]:
    """What the winners are told, where Envoy answers an error in the place of their backends."""
    for won in found.won:
        failing = won.answer.kind == "respond" and won.answer.status in UNREACHABLE
        if failing or any(it.words for it in won.answer.destinations):
            status = statuses.get(won.ref) if won.ref else None
            for entry in status.parents if isinstance(status, RouteStatus) else ():
                yield from (f"{won.ref}: {words}" for words in _wrong(entry.conditions))


def _wrong(conditions: Iterable[Condition]) -> Iterator[str]:
    """Say what is amiss; what is said twice is said once by who asks."""
    for it in conditions:
        if amiss(it):
            said = {True: "True", False: "False", None: "Unknown"}[it.status]
            yield f"{it.type} is {said} ({it.reason}): {it.message}"
