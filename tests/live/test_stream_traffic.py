"""TLSRoutes, TCPRoutes and UDPRoutes on a real Envoy, asked by real clients, beside HTTPS on one port."""

import ssl
from collections.abc import Iterator

import pytest
from cryptography import x509

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.envoy.running import wait_until
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import (
    Document,
    gateway,
    http_route,
    https,
    listener,
    rule,
    stream_backend,
    stream_route,
    streams,
    tls_secret,
)
from tests.live.stack import Folder, Gatehouse, up
from tests.live.streams import Datagrams, Lines, counted, datagram, lines, untrusting

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("stream traffic")]

TLS = {"protocol": "TLS", "port": 443}
DROPPED_AFTER = 0.3
"""Seconds to wait for an answer that never comes."""


def tls(name: str, hostname: str, *secrets: str) -> Document:
    """A TLS listener at port 443, which terminates where it has certificates."""
    refs = [{"name": secret} for secret in secrets]
    mode = {"mode": "Terminate", "certificateRefs": refs} if refs else {"mode": "Passthrough"}
    return listener(name, 443, protocol="TLS", hostname=hostname, tls=mode)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("streams") / "resources")
    folder.write(
        "gateway.yaml",
        gateway(
            https("web", "web", hostname="web.example.com"),
            tls("passed", "*.example.com"),
            tls("terminated", "mail.example.com", "mail"),
            *(listener(f"tcp-{n}", 5430 + n, protocol="TCP") for n in range(4)),
            *(listener(f"udp-{n}", 5430 + n, protocol="UDP") for n in range(4)),
        ),
    )
    for name in ("web", "mail"):
        key = ec_key()
        secret = tls_secret(name, certificate(key, host=f"{name}.example.com"), key_pem(key))
        folder.write(f"{name}-tls.yaml", secret)
    for name in ("one", "two"):
        folder.write(f"{name}.yaml", *streams(name))
    folder.write(
        "routes.yaml",
        http_route("web", rule("one"), parentRefs=[{"name": "edge", "sectionName": "web"}]),
        stream_route("TLSRoute", "db", "one", section="passed", hostnames=["db.example.com"]),
        stream_route("TLSRoute", "rest", "two", section="passed", hostnames=["*.example.com", "*.com"]),
        stream_route("TLSRoute", "mail", stream_backend("TCPRoute", "two"), section="terminated", hostnames=["*.com"]),
    )
    shares = (("one", 70), ("two", 30), ("gone", 100), ("one", 0))
    for kind, section in (("TCPRoute", "tcp"), ("UDPRoute", "udp")):
        weighted = [stream_backend(kind, name, weight=weight) for name, weight in shares]
        folder.write(
            f"{section}.yaml",
            stream_route(kind, f"{section}-a", "one", section=f"{section}-0"),
            stream_route(kind, f"{section}-b", "two", section=f"{section}-0"),
            stream_route(kind, f"{section}-weighted", *weighted, section=f"{section}-1"),
            stream_route(kind, f"{section}-moving", "one", section=f"{section}-2"),
        )
    return folder


@pytest.fixture(scope="module")
def stack(folder: Folder) -> Iterator[Gatehouse]:
    with up(folder.path) as gatehouse:
        for section in ("passed", "terminated", "tcp-3", "udp-3"):
            gatehouse.wait_until_said(f"listener {section}:")
        yield gatehouse


@pytest.fixture(scope="module")
def secure(stack: Gatehouse) -> Edge:
    """Port 443, which HTTPS and TLS listeners share."""
    return stack.edge("passed")


def served_to(edge: Edge, name: str) -> str:
    """Return the subject of the certificate that a client is shown which asks for a server name."""
    with edge.connect(untrusting(), name) as connection:
        assert isinstance(connection.socket, ssl.SSLSocket)
        shown = connection.socket.getpeercert(binary_form=True)
        assert shown is not None
        return x509.load_der_x509_certificate(shown).subject.rfc4514_string()


def test_the_server_name_chooses_among_https_passthrough_and_termination(secure: Edge) -> None:
    """One port serves all three: whose certificate a client sees tells where TLS ends."""
    assert served_to(secure, "web.example.com") == "CN=web.example.com"
    assert served_to(secure, "mail.example.com") == "CN=mail.example.com"
    assert served_to(secure, "db.example.com") == "CN=one-1"
    with secure.connect(untrusting(), "web.example.com") as connection:
        assert connection.request("/", "web.example.com").echo["pod"] == "one-1"
    with Lines(secure, untrusting(), "mail.example.com") as mail:
        assert (mail.backend, mail.ask("IS_TLS")) == ("two-1", "false")


def test_the_most_specific_hostname_has_the_connection(secure: Edge) -> None:
    """A wildcard of a route has what no exact hostname has, at any depth."""
    names = ("db.example.com", "other.example.com", "deep.other.example.com")
    assert [served_to(secure, name) for name in names] == ["CN=one-1", "CN=two-1", "CN=two-1"]


def test_a_server_name_of_no_listener_is_refused(secure: Edge) -> None:
    """Neither it nor a client that names none is sent anywhere."""
    for name in ("db.example.org", ""):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            served_to(secure, name)


def test_plain_text_is_no_tls(secure: Edge) -> None:
    """Bytes that are no TLS reach no backend."""
    assert lines(secure) == "refused"


def test_tcp_connections_are_shared_by_weight(stack: Gatehouse) -> None:
    """What is for a backend that is not there is refused, and its share with it."""
    found = counted(lambda: lines(stack.edge("tcp-1")), 400)
    assert abs(found["one-1"] - 140) < 45
    assert abs(found["two-1"] - 60) < 45
    assert abs(found["refused"] - 200) < 50


def test_udp_sessions_are_shared_by_weight(stack: Gatehouse) -> None:
    """Backends take turns; what is for one that is not there is dropped."""
    found = counted(lambda: datagram(stack.edge("udp-1"), DROPPED_AFTER), 100)
    assert {name: round(times / 5) for name, times in found.items()} == {"one-1": 7, "two-1": 3, "dropped": 10}


@pytest.mark.parametrize(("kind", "section", "once"), [("TCPRoute", "tcp", lines), ("UDPRoute", "udp", datagram)])
def test_the_first_of_several_routes_has_a_port(
    stack: Gatehouse, folder: Folder, kind: str, section: str, once: object
) -> None:
    """The others wait behind it, and say so; one without an age comes first by name."""
    assert callable(once)
    edge = stack.edge(f"{section}-0")
    assert counted(lambda: once(edge), 10) == {"one-1": 10}
    folder.write(f"{section}.yaml", stream_route(kind, f"{section}-b", "two", section=f"{section}-0"))
    wait_until(lambda: once(edge) == "two-1", "the other route to have the port")


def test_a_port_without_a_route_takes_nothing(stack: Gatehouse) -> None:
    """The listener is there all the same: connections are closed, datagrams dropped."""
    assert lines(stack.edge("tcp-3")) == "refused"
    assert datagram(stack.edge("udp-3"), DROPPED_AFTER) == "dropped"


def test_backends_come_and_go(stack: Gatehouse, folder: Folder) -> None:
    """Without endpoints connections are refused and datagrams dropped, until there are some again."""
    folder.write("late.yaml", *streams("late", replicas=0))
    folder.write(
        "late-routes.yaml",
        stream_route("TCPRoute", "late", "late", section="tcp-3"),
        stream_route("UDPRoute", "late", "late", section="udp-3"),
        stream_route("TLSRoute", "late", "late", section="passed", hostnames=["late.example.com"]),
    )
    tcp, udp = stack.edge("tcp-3"), stack.edge("udp-3")
    assert (lines(tcp), datagram(udp, DROPPED_AFTER)) == ("refused", "dropped")
    folder.write("late.yaml", *streams("late"))
    wait_until(lambda: lines(tcp) == "late-1", "the TCP backend")
    wait_until(lambda: datagram(udp, DROPPED_AFTER) == "late-1", "the UDP backend")
    wait_until(lambda: served_to(stack.edge("passed"), "late.example.com") == "CN=late-1", "the TLS backend")
    folder.remove("late-routes.yaml")
    wait_until(lambda: lines(tcp) == "refused", "the TCP port to have no route")
    wait_until(lambda: datagram(udp, DROPPED_AFTER) == "dropped", "the UDP port to have no route")


def test_a_udp_session_keeps_its_backend(stack: Gatehouse, folder: Folder) -> None:
    """Neither endpoints that join nor new weights move it; who comes anew goes by them. It ends with its endpoint."""
    edge = stack.edge("udp-2")
    moving = [stream_backend("UDPRoute", "one", weight=1), stream_backend("UDPRoute", "two", weight=99)]
    folder.write("udp.yaml", stream_route("UDPRoute", "udp-moving", "one", section="udp-2"))
    wait_until(lambda: datagram(edge) == "one-1", "the only backend")
    with Datagrams(edge) as session:
        assert session.backend == "one-1"
        folder.write("one.yaml", *streams("one", replicas=3))
        wait_until(lambda: len(counted(lambda: datagram(edge), 6)) == 3, "three endpoints")
        assert session.backend == "one-1"
        folder.write("udp.yaml", stream_route("UDPRoute", "udp-moving", *moving, section="udp-2"))
        wait_until(lambda: counted(lambda: datagram(edge), 10)["two-1"] >= 9, "the new weights")
        assert counted(lambda: session.backend, 10) == {"one-1": 10}
        folder.write("udp.yaml", stream_route("UDPRoute", "udp-moving", "two", section="udp-2"))
        wait_until(lambda: session.backend == "two-1", "another backend, for the session's own is gone")
