"""Misdirected requests on a real Envoy: many ports of random listeners, each asked for every host over every name."""

import random
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import h2.config
import h2.connection
import h2.events
import msgspec
import pytest

from tests.envoy.running import LOOPBACK, free_port
from tests.envoy.serving import serving
from tests.live.client import Connection
from tests.xds.world import EVERYTHING, World, http, https, when
from translator import ir
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.value import Key

pytestmark = pytest.mark.envoy

HOSTNAMES = (
    *("*", "*.com", "*.example.com", "*.b.example.com", "*.org"),
    *("example.com", "a.example.com", "b.example.com", "x.b.example.com", "y.x.b.example.com"),
    *("example.org", "www.example.org", "other.net"),
)
NAMES = (
    *("example.com", "a.example.com", "b.example.com", "c.example.com", "x.b.example.com", "z.b.example.com"),
    *("y.x.b.example.com", "example.org", "www.example.org", "other.net", "stray.net", "com"),
)
APART = ("other.net", "example.org")
"""Hostnames that have nothing in common."""
ADDRESSES = ("127.0.0.1", "[::1]", "[2001:db8::1]")
PORTS, SERVER_NAMES = 24, 5
CERTIFICATE = Key("infra", "tls")


class Port(NamedTuple):
    """A port and the hostnames of its listeners, of which some may be of protocol TLS."""

    number: int
    hostnames: tuple[str, ...]
    tls: frozenset[str] = frozenset()


class Served(NamedTuple):
    """What a request is answered with: 200 by the listener of a hostname, or a status."""

    status: int
    hostname: str = ""


def matches(hostname: str, host: str) -> bool:
    """A wildcard matches any number of labels before its suffix, and not the suffix itself."""
    if hostname == "*":
        return True
    return host.endswith(hostname[1:]) and host != hostname[2:] if hostname.startswith("*.") else host == hostname


def precision(hostname: str) -> tuple[bool, int]:
    return not hostname.startswith("*"), len(hostname)


def specified(chosen: str, host: str, hostnames: tuple[str, ...]) -> Served:
    """The words of Listener.hostname, one after the other."""
    others = [it for it in hostnames if it != chosen and matches(it, host)]
    if not matches(chosen, host):
        return Served(421) if others else Served(404)
    if any(precision(it) > precision(chosen) for it in others):
        return Served(421)
    return Served(200, chosen)


def chosen_by(server_name: str, hostnames: tuple[str, ...]) -> str | None:
    return max((it for it in hostnames if matches(it, server_name)), key=precision, default=None)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Port]]:
    dice = random.Random(421)
    ports = [Port(free_port(), APART), *(random_port(dice) for _ in range(PORTS))]
    listeners = [of_hostname(port, nth, hostname) for port in ports for nth, hostname in enumerate(port.hostnames)]
    world = World(*listeners, http("plain", "*.example.com", free_port()))
    world.place(ir.Placement(LOOPBACK)).secret(certificate(tmp_path_factory.mktemp("misdirected")))
    for listener in (it for it in world.listeners if it.protocol != "TLS"):
        marked = ir.HeaderChanges(set=(("x-listener", listener.hostname),))
        answer = when(EVERYTHING, ir.Respond(200), response=marked)
        world.route(f"of-{listener.key.name}", answer, hostnames=(listener.hostname,), on=listener.key.name)
    with serving(world):
        yield [*ports, Port(world.listeners[-1].port, ())]


def random_port(dice: random.Random) -> Port:
    """A port of up to six listeners, in every other case with one of protocol TLS among them."""
    hostnames = tuple(dice.sample(HOSTNAMES, dice.randrange(1, 7)))
    return Port(free_port(), hostnames, frozenset(hostnames[1:2] if dice.random() < 0.5 else ()))


def of_hostname(port: Port, nth: int, hostname: str) -> ir.Listener:
    listener = https(f"{port.number}-{nth}", hostname, port.number, CERTIFICATE)
    if hostname not in port.tls:
        return listener
    return msgspec.structs.replace(listener, protocol="TLS", kinds=("TLSRoute",), certificates=(), passthrough=True)


def certificate(folder: Path) -> Secret:
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "crt"), "-subj", "/CN=any"]
    subprocess.run([*command, *files], check=True, capture_output=True)
    data = {"tls.crt": (folder / "crt").read_bytes(), "tls.key": (folder / "key").read_bytes()}
    return Secret(Meta(CERTIFICATE.name, CERTIFICATE.namespace), "kubernetes.io/tls", data)


def context(protocol: str) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols([protocol])
    return tls


def asked(dice: random.Random) -> Iterator[tuple[str, str]]:
    """Every host, each written in some way: (host, as it is written)."""
    for host in NAMES:
        written = dice.choice((host, host.upper(), host.title()))
        yield host, written + dice.choice(("", ":443", ":8443"))
    for address in ADDRESSES:
        yield address, address + dice.choice(("", ":443"))


def server_names(port: Port, dice: random.Random) -> list[tuple[str, str]]:
    """Some names by which an HTTPS listener is chosen, which is named too; "" for none at all."""
    chosen = {name: chosen_by(name, port.hostnames) for name in NAMES} | {"": "*" if "*" in port.hostnames else None}
    known = [(name, hostname) for name, hostname in chosen.items() if hostname is not None and hostname not in port.tls]
    return dice.sample(known, min(SERVER_NAMES, len(known)))


def over_http_1(port: int, server_name: str, hosts: list[str]) -> list[Served]:
    with Connection(LOOPBACK, port, context("http/1.1"), server_name) as connection:
        answers = [connection.request("/", host) for host in hosts]
        return [Served(answer.status, answer.header("x-listener")) for answer in answers]


def over_http_2(port: int, server_name: str, hosts: list[str]) -> list[Served]:
    """Ask for all hosts at once over one connection, as a client does that shares it among them."""
    found: dict[int, Served] = {}
    with Connection(LOOPBACK, port, context("h2"), server_name) as connection:
        http_2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        http_2.initiate_connection()
        for nth, host in enumerate(hosts):
            head = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", host)]
            http_2.send_headers(2 * nth + 1, head, end_stream=True)
        connection.socket.sendall(http_2.data_to_send())
        while len(found) < len(hosts):
            for event in http_2.receive_data(connection.socket.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    assert event.stream_id is not None
                    headers = {str(name): str(value) for name, value in event.headers or ()}
                    found[event.stream_id] = Served(int(headers[":status"]), headers.get("x-listener", ""))
            connection.socket.sendall(http_2.data_to_send())
    return [found[2 * nth + 1] for nth in range(len(hosts))]


@pytest.mark.parametrize("ask", [over_http_1, over_http_2])
def test_a_request_is_answered_as_the_specification_says(ports: list[Port], ask: object) -> None:
    assert callable(ask)
    dice = random.Random(9)
    statuses = set()
    for port in ports[:-1]:
        for server_name, chosen in server_names(port, dice):
            hosts = list(asked(dice))
            expected = [specified(chosen, host, port.hostnames) for host, _ in hosts]
            answered = ask(port.number, server_name, [written for _, written in hosts])
            told = [f"{port.hostnames}: {server_name} asked for {written}" for _, written in hosts]
            assert dict(zip(told, answered, strict=True)) == dict(zip(told, expected, strict=True))
            statuses |= {served.status for served in expected}
    assert statuses == {200, 404, 421}


def test_plain_http_misdirects_nothing(ports: list[Port]) -> None:
    plain = ports[-1].number
    with Connection(LOOPBACK, plain) as connection:
        answers = [connection.request("/", host).status for host in ("a.example.com", "example.org", "a.example.com")]
    assert answers == [200, 404, 200]


def test_a_body_is_no_obstacle(ports: list[Port]) -> None:
    """Where the answer comes from inside of Envoy, it comes before a body has gone there."""
    for size in (0, 10, 50_000):
        with Connection(LOOPBACK, ports[0].number, context("http/1.1"), APART[0]) as connection:
            assert connection.request("/", APART[1], "POST", body=b"x" * size).status == 421
