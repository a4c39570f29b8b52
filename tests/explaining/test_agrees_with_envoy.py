"""What is explained is what happens: the same random requests are put to a real Envoy and to `explain`."""

import http.client
import random
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import gateway, gateway_class, http_route, https, listener
from tests.echo.certificates import self_signed
from tests.envoy import static
from tests.envoy.running import LOOPBACK, PATIENCE, running
from tests.explaining.matches import match
from tests.live.stack import free_offset
from translator import ir
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.pipeline import Translator
from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.explaining.configuration import Configuration
from xds_server.explaining.explanation import Explanation, explain
from xds_server.explaining.request import Request
from xds_server.rendering import route_configuration

pytestmark = pytest.mark.envoy

EDGE = Key("shop", "edge")
HOSTS = ("a.example.com", "b.example.com", "x.b.example.com", "example.com", "example.org", "A.Example.COM")
HOSTNAMES = ("a.example.com", "*.example.com", "*.b.example.com", "example.org")
ELEMENTS = ("a", "b", "ab", "", ".", "..", "%2e", "%2E%2e", "a%2Fb", "é".encode().hex())
VALUES = ("1", "2", "12", "")
SEED = 20261121


class World(NamedTuple):
    """An Envoy that answers, and what it was given."""

    offset: int
    configuration: Configuration


def rules(chance: random.Random) -> list[dict[str, Any]]:
    """Draw the rules of a route: each redirects to a host of its own, so that the answer tells which one won."""
    return [
        {
            "matches": [match(chance, "GET", "POST") for _ in range(chance.randint(1, 3))],
            "filters": [
                {"type": "RequestRedirect", "requestRedirect": {"hostname": f"rule{chance.getrandbits(40)}.test"}}
            ],
        }
        for _ in range(chance.randint(1, 4))
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    chance, offset = random.Random(SEED), free_offset()
    translator = Translator()
    translator.put("GatewayClass", gateway_class())
    listeners = (
        listener("http"),
        listener("narrow", hostname="b.example.com"),
        https("tls", "tls", hostname="*.example.com"),
        https("exact", "tls", hostname="b.example.com"),
        https("other", "tls", hostname="example.org"),
    )
    translator.put("Gateway", gateway(*listeners))
    certificate, key = self_signed(tmp_path_factory.mktemp("tls"), "a.example.com")
    data = {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes()}
    translator.put("Secret", Secret(Meta(name="tls", namespace="shop"), "kubernetes.io/tls", data))
    for nth in range(12):
        hostnames = tuple(chance.sample(HOSTNAMES, chance.randint(0, 2)))
        translator.put("HTTPRoute", http_route(*rules(chance), name=f"route-{nth}", hostnames=hostnames))
    translator.place(EDGE, ir.Placement(LOOPBACK, port_offset=offset))
    translator.commit()
    resources = [(kind, item) for _, kind, item in translator.resources()]
    tables = [(table, hosts) for _, table, hosts in translator.tables()]
    rows: list[tuple[str, str, bytes]] = [(kind, item.name, item.body) for kind, item in resources]
    rows += [(ResourceType.ROUTE, table.name, route_configuration(table, hosts)) for table, hosts in tables]
    with running(static.bootstrap(resources, tables)):
        yield World(offset, Configuration(str(EDGE), rows))


REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PUT"]),
    scheme=st.sampled_from(["http", "https"]),
    authority=st.builds(lambda host, port: host + port, st.sampled_from(HOSTS), st.sampled_from(["", ":80", ":99"])),
    port=st.just(0),
    path=st.lists(st.sampled_from(ELEMENTS), min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts)),
    query=st.lists(st.builds("{}={}".format, st.sampled_from("qp"), st.sampled_from(VALUES)), max_size=2).map("&".join),
    headers=st.lists(st.tuples(st.just("x-user"), st.sampled_from(VALUES)), max_size=2).map(tuple),
    server_name=st.sampled_from(["a.example.com", "b.example.com", "x.b.example.com", "example.org"]),
)


def asked(request: Request, offset: int) -> str:
    """Ask Envoy: the host it redirects to, the status it answers, or `closed`."""
    address = (LOOPBACK, request.port + offset)
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        if request.scheme == "https":
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            plain = socket.create_connection(address, timeout=PATIENCE)
            connection.sock = context.wrap_socket(plain, server_hostname=request.server_name)
        target = request.path + (f"?{request.query}" if request.query else "")
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", request.authority)
        for name, value in request.headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        answer = connection.getresponse()
        location = answer.headers["location"]
        return str(answer.status) if location is None else location.split("/")[2].split(":")[0]
    except (ssl.SSLError, ConnectionError):
        return "closed"
    finally:
        connection.close()


def told(found: Explanation) -> str:
    """Say the same of an explanation."""
    if not found.won:
        return str(found.status) if found.status else "closed"
    [won] = found.won
    if won.answer.kind == "redirect":
        return won.answer.location.split("/")[2].split(":")[0]
    return str(won.answer.status)


@settings(max_examples=400, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(request=REQUESTS)
def test_a_real_envoy_does_what_is_explained(world: World, request: Request) -> None:
    """The rule that wins, 404, 421, or the end of the connection: Envoy and the explanation are of one mind."""
    port = 443 if request.scheme == "https" else 80
    sent = msgspec.structs.replace(request, port=port, has_query=bool(request.query))
    found = explain(sent, world.configuration)
    assert told(found) == asked(sent, world.offset), found


def test_the_worlds_requests_meet_every_end(world: World) -> None:
    """The property would prove little if all requests came to the same."""
    chance = random.Random(SEED)
    ends = set()
    for _ in range(400):
        scheme = chance.choice(("http", "https"))
        request = Request(
            method=chance.choice(("GET", "POST")),
            scheme=scheme,
            authority=chance.choice(HOSTS),
            port=443 if scheme == "https" else 80,
            path="/" + "/".join(chance.choices(ELEMENTS, k=chance.randint(1, 3))),
            query="",
            headers=(),
            server_name=chance.choice(HOSTS[:5]).lower(),
        )
        ends.add(told(explain(request, world.configuration)))
    assert {"404", "421", "closed"} <= ends
    assert len(ends) > 10
