"""Misdirected requests: what a route table says of the other listeners of its port, and how little that is."""

from collections import Counter

import pytest
from envoy.config.route.v3 import route_pb2

from tests.xds.world import EDGE, World, http, https
from translator import ir
from translator.api.gateway import FromNamespaces
from translator.value import Key, Ref
from translator.xds.resource import ResourceType

CERTIFICATE = Key("infra", "tls")
MISDIRECTED, ASKED, OWN = "421", "misdirected/443", "own"


def secure(name: str, hostname: str = "*", **fields: object) -> ir.Listener:
    return https(name, hostname, 443, CERTIFICATE, **fields)


def tls(name: str, hostname: str) -> ir.Listener:
    return ir.Listener(
        key=ir.ListenerKey(Ref("Gateway", *EDGE), name),
        gateway=EDGE,
        port=443,
        protocol="TLS",
        hostname=hostname,
        kinds=("TLSRoute",),
        namespaces=FromNamespaces(),
        table="",
    )


def answers(world: World, table: str) -> dict[str, str]:
    """What each domain of a table answers: 421, a question to the listener that tables share, or its own routes."""
    found = {}
    for key, row in world.commit().hosts.items():
        if key.table == table:
            (host,) = route_pb2.RouteConfiguration.FromString(row.frame).virtual_hosts
            routes = list(host.routes)
            status = str(routes[0].direct_response.status) if routes else OWN
            found[key.domain] = routes[0].route.cluster if routes and routes[0].route.cluster else status
    return found


def names(world: World, kind: ResourceType) -> list[str]:
    return sorted(row.name for found, row in world.commit().resources() if found is kind)


def test_a_listener_of_every_host_answers_421_for_the_others() -> None:
    world = World(secure("any"), secure("wild", "*.example.com"), secure("www", "www.example.com"))
    assert answers(world, "https/443/any/0") == {"*.example.com": MISDIRECTED}
    assert answers(world, "https/443/wild/0") == {
        "*.example.com": OWN,
        "www.example.com": MISDIRECTED,
        "*": MISDIRECTED,
    }
    assert answers(world, "https/443/www/0") == {"www.example.com": OWN, "*": MISDIRECTED}


def test_without_such_a_listener_the_outermost_hostnames_are_asked_for() -> None:
    world = World(secure("wild", "*.example.com"), secure("www", "www.example.com"), secure("org", "example.org"))
    assert answers(world, "https/443/wild/0") == {"*.example.com": OWN, "www.example.com": MISDIRECTED, "*": ASKED}
    assert answers(world, "https/443/www/0") == {"www.example.com": OWN, "*": ASKED}
    assert answers(world, "misdirected/443/0") == {"*.example.com": MISDIRECTED, "example.org": MISDIRECTED}
    assert names(world, ResourceType.LISTENER) == ["misdirected/443", "tcp/443"]
    assert names(world, ResourceType.CLUSTER) == ["misdirected/443"]


def test_where_all_is_nested_in_one_hostname_nobody_is_asked() -> None:
    world = World(secure("wild", "*.example.com"), secure("www", "www.example.com"))
    assert answers(world, "https/443/wild/0") == {"*.example.com": OWN, "www.example.com": MISDIRECTED}
    assert answers(world, "https/443/www/0") == {"*.example.com": MISDIRECTED, "www.example.com": OWN}
    assert names(world, ResourceType.LISTENER) == ["tcp/443"]


def test_one_listener_alone_answers_for_itself() -> None:
    assert answers(World(secure("www", "www.example.com")), "https/443/www/0") == {"www.example.com": OWN}


def test_a_listener_that_does_not_serve_has_no_hosts() -> None:
    world = World(secure("any"), secure("www", "www.example.com", serves=False))
    assert answers(world, "https/443/any/0") == {}


def test_listeners_of_other_ports_are_no_neighbours() -> None:
    world = World(secure("any"), https("www", "www.example.com", 8443, CERTIFICATE))
    assert answers(world, "https/443/any/0") == {}


def test_tls_listeners_are_neighbours() -> None:
    world = World(secure("any"), tls("pass", "*.example.com"))
    assert answers(world, "https/443/any/0") == {"*.example.com": MISDIRECTED}


def test_listeners_of_several_parents_are_neighbours() -> None:
    """Those that ListenerSets bring stand beside those of the Gateway."""
    world = World(secure("any")).commit()
    world.parents.put("a set", ir.Parent(EDGE, (secure("www", "www.example.com"),)))
    assert answers(world, "https/443/any/0") == {"www.example.com": MISDIRECTED}
    assert answers(world, "https/443/www/0") == {"www.example.com": OWN, "*": MISDIRECTED}


@pytest.mark.parametrize("listeners", [(http("a", "a.com"), http("b", "b.com")), (http("any"), http("b", "b.com"))])
def test_plain_http_misdirects_nothing(listeners: tuple[ir.Listener, ...]) -> None:
    world = World(*listeners)
    assert MISDIRECTED not in answers(world, "http/80/0").values()
    assert names(world, ResourceType.CLUSTER) == []


def test_thousands_of_listeners_are_told_of_a_few_times_each() -> None:
    """The virtual hosts of a port grow with its listeners, not with their square."""
    count = 2000
    listeners = [secure(f"n{n}", f"www{n}.tenant{n % 100}.example.com") for n in range(count)]
    world = World(*listeners, *(secure(f"t{n}", f"*.tenant{n}.example.com") for n in range(50))).commit()
    by_table = Counter(key.table for key, _ in world.hosts.items())
    assert by_table.total() <= 3 * (count + 50)
    assert by_table["misdirected/443/0"] == 50 + count // 2
    assert by_table["https/443/n0/0"] == 2
    assert by_table["https/443/t0/0"] == 2 + count // 100


def test_a_new_listener_changes_what_is_around_it_and_no_more() -> None:
    listeners = [secure(f"n{n}", f"www{n}.example.com") for n in range(100)]
    world = World(*listeners, secure("wild", "*.example.org")).commit()
    before = world.hosts.runs
    world.parents.put(EDGE, ir.Parent(EDGE, (*world.listeners, secure("new", "new.example.org"))))
    world.commit()
    assert world.hosts.runs - before == 3, "its own host, its 421 below the wildcard, and its question"
