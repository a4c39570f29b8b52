"""An explanation: from the listener to the endpoints, every rule that was considered, and what nearly served."""

from collections.abc import Iterable
from typing import Any

from envoy.extensions.filters.network.tcp_proxy.v3.tcp_proxy_pb2 import TcpProxy

from translator.value import Ref, Value
from translator.xds.names import scope_name, whole_table
from translator.xds.resource import ResourceType
from translator.xds.shards import key_of
from xds_server.explaining.answers import Answer, answer, forward, secured
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.matching import loses, share
from xds_server.explaining.places import Chain, chain_for, chains, host_for
from xds_server.explaining.request import Request

KINDS = {it.lower(): it for it in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")}
WHOLE = 1_000_000
TCP_PROXY = "envoy.filters.network.tcp_proxy"
UNREACHABLE = (500, 503)
"""What Envoy answers for rules whose backends cannot be reached; gRPC clients read 503 as UNAVAILABLE."""
MISDIRECTED = 421
NEAREST = 5
"""How many hints a request that nothing serves is given at most."""


class Considered(Value):
    """A route that was asked whether it takes the request."""

    route: str
    """`httproute/shop/cart/rule/0/match/1`."""
    lost: str
    """Why it does not; empty where it does."""
    percent: float = 100.0
    """How many of such requests it takes, where several share them."""

    @property
    def object(self) -> str:
        """The route's rule, in words."""
        return in_words(self.route)


class Won(Value):
    """A route that takes a share of such requests, and what it does."""

    route: str
    percent: float
    answer: Answer

    @property
    def object(self) -> str:
        """The route's rule, in words."""
        return in_words(self.route)

    @property
    def ref(self) -> Ref | None:
        """The object whose rule it is; None where it is nobody's."""
        return owner(self.route)


class Explanation(Value):
    """Which way a request goes on one Gateway."""

    gateway: str
    listener: str
    """The Envoy listener, `tcp/443`; empty where the Gateway has none on the port."""
    chain: str
    """The filter chain that the SNI chose: the listener's name in the Gateway."""
    table: str
    host: str
    """The virtual host's domain."""
    considered: tuple[Considered, ...]
    won: tuple[Won, ...]
    """One, but where routes share the requests; none where nothing takes them."""
    words: str = ""
    """What becomes of the request where no route takes it."""
    status: int = 0
    hints: tuple[str, ...] = ()
    """What nearly served it, and what to change."""

    @property
    def is_served(self) -> bool:
        """Whether a route or a chain sends it somewhere or answers it as somebody wished."""
        return bool(self.won)

    @property
    def reached(self) -> int:
        """How far the request came."""
        return [bool(self.listener), bool(self.table), bool(self.host), self.is_served].count(True)


def furthest(found: Iterable[Explanation]) -> list[Explanation]:
    """Return those explanations on which the request comes furthest: of several Gateways they say most."""
    explanations = list(found)
    most = max((it.reached for it in explanations), default=0)
    return [it for it in explanations if it.reached == most]


def in_words(route: str) -> str:
    """Name the object, rule and match behind the name of an Envoy route."""
    ref = owner(route)
    if ref is None:
        return route
    _, _, _, _, rule, *match = route.split("/")
    return f"{ref}, rule {rule}" + (f", match {match[1]}" if len(match) > 1 else "")


def owner(route: str) -> Ref | None:
    """Return the object behind the name of an Envoy route."""
    kind, *rest = route.split("/")
    return Ref(KINDS[kind], rest[0], rest[1]) if kind in KINDS and len(rest) > 3 else None


def explain(request: Request, configuration: Configuration) -> Explanation:
    """Say which way a request goes; raises CannotTell where the configuration is beyond us."""
    listener = _listener(request.port, configuration)
    if listener is None:
        ports = ", ".join(it.name for it in configuration.all(ResourceType.LISTENER)) or "none"
        return _nothing(configuration, words=f"no listener on port {request.port}; there is {ports}")
    chain = chain_for(listener, request)
    if chain is None:
        return _closed(request, configuration, listener)
    if chain.manager is None:
        return _proxied(configuration, listener, chain)
    found = _routed(request, configuration, listener, chain)
    within = _internal(found, configuration)
    return found if within is None else _routed(request, configuration, within, next(iter(chains(within))))


def _listener(port: int, configuration: Configuration) -> Any | None:
    """Return the listener of a port or, where Envoys listen at another one than the Gateway says, that at the port."""
    named = configuration.get(ResourceType.LISTENER, f"tcp/{port}")
    streams = (it for it in configuration.all(ResourceType.LISTENER) if it.name.startswith("tcp/"))
    return named or next((it for it in streams if it.address.socket_address.port_value == port), None)


def _nothing(configuration: Configuration, words: str, **more: Any) -> Explanation:
    known = {"listener": "", "chain": "", "table": "", "host": "", "considered": (), "won": ()} | more
    return Explanation(gateway=configuration.gateway, words=words, **known)


def _closed(request: Request, configuration: Configuration, listener: Any) -> Explanation:
    names = [name for it in chains(listener) for name in it.names]
    words = f"the connection is closed: no listener has the server name {request.server_name or '(none)'}"
    hint = f"the listeners of the port have {', '.join(sorted(names)) or 'no hostname'}"
    return _nothing(configuration, words, listener=listener.name, hints=(hint,))


def _proxied(configuration: Configuration, listener: Any, chain: Chain) -> Explanation:
    """A chain that passes bytes on."""
    for it in chain.filters:
        if it.name == TCP_PROXY:
            proxy = TcpProxy.FromString(it.typed_config.value)
            weighted = {each.name: each.weight for each in proxy.weighted_clusters.clusters}
            shares = weighted or {proxy.cluster: 1}
            destinations = forward(shares, configuration, "the connection is closed")
            words = "passed on, byte by byte, to " + ", ".join(f"{d.cluster} ({d.percent:g} %)" for d in destinations)
            filters = tuple(secured(shares, configuration))
            won = Won(chain.name, 100.0, Answer("forward", words, destinations=destinations, filters=filters))
            return _nothing(configuration, "", listener=listener.name, chain=chain.name, won=(won,))
    return _nothing(
        configuration, "the connection is closed: nothing serves it", listener=listener.name, chain=chain.name
    )


def _routed(request: Request, configuration: Configuration, listener: Any, chain: Chain) -> Explanation:
    name = _table(request, configuration, chain)
    table = configuration.get(ResourceType.ROUTE, name)
    place = {"listener": listener.name, "chain": chain.name, "table": name}
    if table is None:
        return _nothing(configuration, "no route table is there yet: Envoy answers 404", status=404, **place)
    domains = {domain: host for host in table.virtual_hosts for domain in host.domains}
    host = host_for(domains, request.host)
    if host is None:
        hints = tuple(_other_hosts(request, configuration, name))
        words = f"no route or listener has the host {request.host}: Envoy answers 404"
        return _nothing(configuration, words, status=404, hints=hints, **place)
    considered, won = _choose(host.routes, request, configuration)
    place["host"] = host.domains[0]
    if not won:
        words = f"no rule of host {host.domains[0]} takes it: Envoy answers 404"
        hints = tuple(_near(considered))
        return _nothing(configuration, words, status=404, considered=considered, hints=hints, **place)
    hints = (*_without_backend(won), *_misdirected(won, request))
    return _nothing(configuration, "", considered=considered, won=won, hints=hints, **place)


def _table(request: Request, configuration: Configuration, chain: Chain) -> str:
    """Name the route table that Envoy looks into: the chain's own, or the shard that the scope of the host names."""
    name: str = chain.manager.rds.route_config_name
    if chain.manager.HasField("scoped_routes"):
        scope = configuration.get(ResourceType.SCOPE, scope_name(chain.manager.stat_prefix, key_of(request.host)))
        name = chain.manager.stat_prefix if scope is None else scope.route_configuration_name
    return name


def _internal(found: Explanation, configuration: Configuration) -> Any | None:
    """Return the listener inside of Envoy that a request is handed to, which then has it; None where it is not."""
    for won in found.won:
        for it in won.answer.destinations:
            cluster = configuration.get(ResourceType.CLUSTER, it.cluster)
            for locality in () if cluster is None else cluster.load_assignment.endpoints:
                for each in locality.lb_endpoints:
                    name = each.endpoint.address.envoy_internal_address.server_listener_name
                    if name:
                        return configuration.get(ResourceType.LISTENER, name)
    return None


def _choose(
    routes: Iterable[Any], request: Request, configuration: Configuration
) -> tuple[tuple[Considered, ...], tuple[Won, ...]]:
    """Ask the routes in order; those that want a random number share the requests with what comes after them."""
    considered, won, taken = [], [], 0
    for route in routes:
        lost = loses(route.match, request)
        part = 0 if lost else max(share(route.match) - taken, 0)
        percent = round(100 * part / WHOLE, 4)
        considered.append(Considered(route.name, lost, percent))
        if part:
            won.append(Won(route.name, percent, answer(route, request, configuration)))
            taken += part
        if taken >= WHOLE:
            break
    return tuple(considered), tuple(won)


def _without_backend(won: Iterable[Won]) -> Iterable[str]:
    for it in won:
        if it.answer.kind == "respond" and it.answer.status in UNREACHABLE:
            yield f"no backend of {it.object} can be reached: its ResolvedRefs condition says why"


def _misdirected(won: Iterable[Won], request: Request) -> Iterable[str]:
    if any(it.answer.status == MISDIRECTED for it in won):
        yield (
            f"server name {request.server_name} led to a listener that does not have the host {request.host}: "
            "another of the port does, and the client has to open a connection of its own for it"
        )


def _near(considered: Iterable[Considered]) -> Iterable[str]:
    """Name the rules whose path holds: one header, parameter or method is all that is in their way."""
    near = [it for it in considered if it.lost and not it.lost.startswith("path ")]
    for it in near[:NEAREST]:
        yield f"{it.object} would take it, but {it.lost}"
    if not near:
        yield "no rule of this host has a path that the request's begins with; see what was considered"


def _other_hosts(request: Request, configuration: Configuration, name: str) -> Iterable[str]:
    """Name where else on the Gateway the host is known, and hosts of this table that look alike."""
    tables: dict[str, set[str]] = {}
    for shard in configuration.all(ResourceType.ROUTE):
        tables.setdefault(whole_table(shard.name), set()).update(
            it for host in shard.virtual_hosts for it in host.domains
        )
    here = whole_table(name)
    for table, known_there in tables.items():
        if table != here and host_for({it: it for it in known_there}, request.host) is not None:
            yield f"{request.host} is served by {table}: send it to that port"
    known = sorted(tables.get(here, ()))
    like = [domain for domain in known if domain.split(".")[-2:] == request.host.split(".")[-2:]]
    if like or known:
        shown = (like or known)[:NEAREST]
        yield f"hosts of this port: {', '.join(shown)}{' and others' if len(known) > len(shown) else ''}"
