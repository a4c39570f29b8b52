"""Whatever a request is and whatever its route asks for, scopes change nothing of it and nobody sees their header.

The same hosts are served twice: in 64 shards, and in one table by a listener without scopes.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.envoy.asking import Asked, Said, ask
from tests.envoy.remembering import Got, Service, remembering
from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.envoy.serving import serving
from tests.envoy.static import bootstrap, by_name
from tests.live.authorizers import PASS, over_grpc
from tests.xds.world import EDGE, EVERYTHING, World, http, path, to, when
from translator import ir
from translator.attach.listener_filters import Filtering
from translator.value import Key
from translator.xds import listener_filters
from translator.xds.resource import ResourceType
from translator.xds.scopes import HEADER
from translator.xds.shards import COUNTS, Sharding

pytestmark = pytest.mark.envoy

EXACT = tuple(f"h{nth}.{zone}" for zone in ("example.com", "shop.example.com", "b.org") for nth in range(24))
WILDCARDS = ("*.example.com", "*.h3.example.com", "*")
DIVIDED, WHOLE = Sharding(table_bytes=1, copies=0), Sharding(table_bytes=1 << 40)
FORGED = "http/80/3"
AUTH, MIRROR = ir.ClusterKey("shop", "auth", 80), ir.ClusterKey("shop", "mirror", 80)
EVERY_ORIGIN = ir.Cors(("*",), ("*",), ("*",), ("*",), True, 5)
ASKING = ir.Authorization(AUTH, headers=("x-own", HEADER))
ASKING_GRPC = ir.Authorization(AUTH._replace(protocol="http2"), grpc=True)
"""Names the header as one that the service is to be sent; all that the service answers with goes to the backend."""

labels = st.sampled_from(("h3", "h17", "x", "", "example", "b", "H5", "h_3", "*", "1.2.3.4", "h99"))
zones = st.sampled_from(("example.com", "EXAMPLE.com", "shop.example.com", "b.org", "org", "net", "h3.example.com"))
odd = st.sampled_from(
    (
        *(
            "[::1]",
            "[2001:db8::7]",
            "[::ffff:1.2.3.4]",
            "127.0.0.1",
            "h3.example.com.",
            "H3.Example.Com.",
            "*",
            "-",
            ".",
        ),
        *("h3.example.com,h4.example.com", "h3..example.com", "h3.example.com..", "xn--h3-uia.b.org", "[::1"),
    )
)
malformed = ("", "user@h3.example.com", "h3.example.com/x", "h\u00e43.b.org", "h3.example.com: 80", "h3 .b.org")
"""Over HTTP/2 nothing is answered to them, after a second."""
names = st.sampled_from(EXACT) | st.builds(lambda *of: ".".join(filter(None, of)), labels, zones) | odd
ports = st.sampled_from(("", "", "", ":80", ":8080", ":", ":x", ":1:2", ":65536", ":-1", ":080"))
hosts = st.builds(lambda name, port, dot: f"{name}{dot}{port}", names, ports, st.sampled_from(("", "", "", ".")))

forged = st.lists(
    st.builds(
        lambda name, value: (name, value),
        st.sampled_from((HEADER, HEADER.title(), HEADER.upper(), HEADER.replace("-", "_"), f"{HEADER}-x")),
        st.sampled_from(
            (FORGED, "", "a,b", f"{FORGED},http/80/9", f",{FORGED}", "hold/http/80/64.3", "%CEL(1)%", "\t")
        ),
    ),
    max_size=3,
)
others = st.lists(
    st.sampled_from(
        (
            ("x-own", "1"),
            ("te", "trailers"),
            ("trailer", HEADER),
            ("x-forwarded-host", "h3.example.com"),
            ("x-envoy-original-path", "/"),
            ("origin", "https://a.com"),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", HEADER),
        )
    ),
    max_size=3,
    unique=True,
)
targets = st.sampled_from(
    ("/", "/", "/served", "/mirrored", "/asked", "/asked/mirrored", "/redirected?q=1", "/cors", "/set")
)
methods = st.sampled_from(("GET", "GET", "HEAD", "OPTIONS"))
headers = st.builds(lambda *of: tuple(pair for pairs in of for pair in pairs), forged, others)
written = hosts | st.sampled_from(malformed)
over_http_1 = st.builds(
    Asked,
    methods,
    targets | st.builds(lambda host, target: f"http://{host}{target}", written, targets) | st.just("*"),
    st.lists(written, max_size=2).map(tuple) | written.map(lambda it: (it,)),
    st.none(),
    headers,
    st.sampled_from(("HTTP/1.1", "HTTP/1.1", "HTTP/1.0")),
)
one_host = hosts.map(lambda it: (it,))
named = st.tuples(one_host | st.just(()), hosts) | st.tuples(one_host, st.none())
over_http_2 = st.builds(lambda *of: Asked(of[0], of[1], *of[2], of[3], "HTTP/2"), methods, targets, named, headers)


class Served(NamedTuple):
    """A listener, and those that hear of its requests."""

    port: int
    envoy: Envoy
    services: tuple[Service, ...]

    def heard(self, asked: Asked) -> tuple[Said, list[list[Got]]]:
        """Return the answer to a request, and what it became at the backend, the mirror and the authorization."""
        said = ask(self.port, asked)
        if said.status == 200 and asked.target.endswith("mirrored"):
            wait_until(lambda: len(self.services[1]) > 0, "the mirror to be asked")
        return said, [service.look() for service in self.services]


def rules() -> tuple[ir.Route, ...]:
    """One rule for each thing that a route may ask for; in order of rank."""
    changed = ir.HeaderChanges(set=(("x-own", "2"),), remove=("x-forwarded-host",))
    return (
        when(path("prefix", "/asked/mirrored"), to("cart", mirrors=(ir.Mirror(MIRROR),)), (0,), authorization=ASKING),
        when(path("prefix", "/asked"), to("cart"), (1,), authorization=ASKING),
        when(path("prefix", "/mirrored"), to("cart", mirrors=(ir.Mirror(MIRROR),)), (2,)),
        when(path("prefix", "/redirected"), ir.Redirect(302), (3,)),
        when(path("prefix", "/cors"), to("cart"), (4,), cors=EVERY_ORIGIN),
        when(path("prefix", "/set"), to("cart"), (5,), request=changed),
        when(path("prefix", "/served"), to("cart"), (6,)),
    )


def world(sharding: Sharding, *asking: ir.Authorization) -> World:
    """Hosts that each redirect to a name of their own, and have all rules besides; the listener may have filters."""
    listener = http(port=80, filtered=bool(asking))
    made = World(listener, sharding=sharding)
    made.place(ir.Placement(bind=LOOPBACK, port_offset=free_port() - 80))
    made.observations.put(EDGE, ir.Observation(EDGE, logged=True))
    if asking:
        parents = {listener.key.parent: ir.Parent(EDGE, (listener,))}
        unusable: dict[tuple[Key, str], Any] = {}
        made.filters.put(listener.key, listener_filters.encode(listener.key, Filtering(asking), parents, unusable))
    for host in (*EXACT, *WILDCARDS):
        name = host.replace("*", "any")
        named = when(EVERYTHING, ir.Redirect(status=302, hostname=f"{name}.test"), (9,))
        made.route(name, *rules(), named, hostnames=(host,))
    return made


def port(made: World) -> int:
    placement = made.placements.get(EDGE)
    assert placement is not None
    return int(placement.port(80))


@pytest.fixture(scope="module", params=[(), (ASKING,)], ids=["plain", "filters of the listener"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Served, Served]]:
    """The same hosts in 64 tables, and in one without scopes."""
    with ExitStack() as stack:
        yield (
            stack.enter_context(served(DIVIDED, *request.param)),
            stack.enter_context(served(WHOLE, *request.param)),
        )


@contextmanager
def served(sharding: Sharding, *asking: ir.Authorization) -> Iterator[Served]:
    """A listener whose service of authorization answers with a header that is not its business."""
    with remembering() as cart, remembering() as mirror, remembering({HEADER: FORGED, "x-user": "me"}) as auth:
        made = world(sharding, *asking)
        for name, service in (("cart", cart), ("mirror", mirror), ("auth", auth)):
            made.service(name, (LOOPBACK, service.port))
        tables, resources = made.commit().route_tables(), made.resources()
        assert len(tables) == (1 if sharding is WHOLE else COUNTS[0])
        if sharding is WHOLE:
            one = [(kind, it) for kind, it in resources if kind is not ResourceType.SCOPE or it.name == FORGED]
            written = by_name(bootstrap(one, tables))
        else:
            written = bootstrap(resources, tables)
        with running(written) as envoy:
            yield Served(port(made), envoy, (cart, mirror, auth))


def alike(both: tuple[Served, Served], asked: Asked) -> Said:
    """Ask both, and return what they agree on."""
    (said, services), (by_one, services_of_one) = (it.heard(asked) for it in both)
    assert said == by_one
    assert services == services_of_one
    assert HEADER not in dict(said.headers)
    assert not [got for service in services for got in service if HEADER in dict(got.headers)]
    return said


@given(asked=over_http_1)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_http_1(both: tuple[Served, Served], asked: Asked) -> None:
    alike(both, asked)


@given(asked=over_http_2)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_http_2(both: tuple[Served, Served], asked: Asked) -> None:
    alike(both, asked)


@pytest.mark.parametrize("authority", [None, *malformed])
def test_what_http_2_does_not_allow(both: tuple[Served, Served], authority: str | None) -> None:
    assert alike(both, Asked("GET", "/served", (), authority, (), "HTTP/2")).status in (0, 400)


def test_logs_say_the_same_and_nothing_of_scopes(both: tuple[Served, Served]) -> None:
    marked = (("user-agent", "logged"), (HEADER, FORGED))
    asked = [
        Asked("GET", target, (host,), None, marked) for host in ("h3.b.org", "x.net") for target in ("/", "/served")
    ]
    for it in both:
        for request in asked:
            ask(it.port, request)
        wait_until(lambda it=it: len(logged(it)) == len(asked), "the log to be written")  # type: ignore[misc]
    assert logged(both[0]) == logged(both[1])
    assert "http/80/" not in both[0].envoy.log


def logged(served: Served) -> list[dict[str, str]]:
    """What the log says of marked requests, without what differs from one to the next."""
    lines = [json.loads(line) for line in served.envoy.log.splitlines() if '"logged"' in line]
    lasting = ("route", "method", "host", "path", "protocol", "status", "details", "flags", "cluster", "listener")
    return [{name: line[name] for name in lasting} for line in lines]


def test_a_service_asked_over_grpc_hears_nothing_of_scopes_nor_has_a_say_in_them() -> None:
    with over_grpc("me", x_gatehouse_scope=FORGED) as auth:
        made = world(DIVIDED, ASKING_GRPC).service("auth", (LOOPBACK, auth.port), protocol="http2")
        with serving(made):
            for host in EXACT:
                said = ask(port(made), Asked("GET", "/", (host,), None, (("authorization", PASS), (HEADER, FORGED))))
                assert dict(said.headers)["location"] == f"http://{host}.test/"
    assert len(auth.asked) == len(EXACT)
    assert not [asked for asked in auth.asked if HEADER in asked.headers]
