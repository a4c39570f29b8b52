"""Client certificates through the whole stack: who is let in at which port, and changes under requests."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.live.authority import Authority, Pair
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import authorities, echo, gateway, http_route, https, marks, rule, tls_secret
from tests.live.secured import client_context
from tests.live.stack import Folder, Gatehouse, up

pytestmark = pytest.mark.live

HOST = "cart.example.com"
SERVERS, CLIENTS, PARTNERS = Authority("servers"), Authority("clients"), Authority("partners")
ANN, BOB = CLIENTS.issue("ann"), PARTNERS.issue("bob")
SELF_MADE = Authority("nobody").issue("ann")
LET_IN, TURNED_AWAY = 200, 0
SOON = 10.0


def validation(*config_maps: str, mode: str = "AllowValidOnly") -> dict[str, Any]:
    refs = [{"group": "", "kind": "ConfigMap", "name": name} for name in config_maps]
    return {"validation": {"mode": mode, "caCertificateRefs": refs}}


def frontend(default: dict[str, Any], **ports: dict[str, Any]) -> dict[str, Any]:
    """`tls` of a Gateway; ports are written `p8443`."""
    overrides = [{"port": int(port[1:]), "tls": config} for port, config in ports.items()]
    return {"frontend": {"default": default, "perPort": overrides}}


class World(NamedTuple):
    """A stack with an HTTPS listener on each of some ports."""

    folder: Folder
    stack: Gatehouse

    def ask(self, listener: str, pair: Pair | None = None, **tls: Any) -> int:
        """Send one request at a listener, showing this certificate; 0 where no connection comes about."""
        context = client_context(SERVERS, pair)
        for name, value in tls.items():
            setattr(context, name, value)
        try:
            with self.edge(listener).connect(context, HOST) as connection:
                return connection.request("/", HOST).status
        except (OSError, http.client.HTTPException):
            return TURNED_AWAY

    def edge(self, listener: str) -> Edge:
        """Where a listener is served."""
        return self.stack.edge(listener)


LISTENERS = (
    https("default", "edge-tls"),
    https("partners", "edge-tls", port=8443),
    https("lenient", "edge-tls", port=9443),
    https("open", "edge-tls", port=10443),
    https("broken", "edge-tls", port=11443),
)
PORTS = {
    "p8443": validation("clients", "partners"),
    "p9443": validation("clients", mode="AllowInsecureFallback"),
    "p10443": {},
    "p11443": validation("nobody", mode="AllowInsecureFallback"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = edge_folder(tmp_path_factory.mktemp("client-certificates") / "resources")
    folder.write("gateway.yaml", gateway(*LISTENERS, tls=frontend(validation("clients"), **PORTS)))
    folder.write("tls.yaml", tls_secret("edge-tls", *SERVERS.issue(HOST)))
    folder.write("ca.yaml", authorities("clients", CLIENTS.text), authorities("partners", PARTNERS.text))
    folder.write("cart.yaml", *echo("cart"), http_route("cart", rule("cart", filters=[marks("cart")])))
    with up(folder.path) as gatehouse:
        yield World(folder, gatehouse)


@pytest.mark.parametrize(
    ("listener", "pair", "status"),
    [
        ("default", ANN, LET_IN),
        ("default", BOB, TURNED_AWAY),
        ("default", SELF_MADE, TURNED_AWAY),
        ("default", None, TURNED_AWAY),
        ("partners", ANN, LET_IN),
        ("partners", BOB, LET_IN),
        ("partners", None, TURNED_AWAY),
        ("lenient", ANN, LET_IN),
        ("lenient", BOB, LET_IN),
        ("lenient", None, LET_IN),
        ("open", None, LET_IN),
    ],
)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_who_is_let_in(world: World, listener: str, pair: Pair | None, status: int, version: ssl.TLSVersion) -> None:
    assert world.ask(listener, pair, minimum_version=version, maximum_version=version) == status


def test_a_listener_without_one_good_authority_is_not_there(world: World) -> None:
    """Not even where it would let in anybody."""
    assert world.stack.said("Gateway shop/edge", "listener broken", "NoValidCACertificate")
    assert "listener broken: https" not in world.stack.output
    default = world.edge("default")
    broken = Edge(default.address, default.port - 443 + 11443)
    with pytest.raises(ConnectionRefusedError):
        broken.connect()


def test_what_clients_say_of_their_certificate_is_taken_out(world: World) -> None:
    """A backend that reads the header must not be told by anybody who a client is."""
    with world.edge("default").connect(client_context(SERVERS, ANN), HOST) as connection:
        answer = connection.request("/", HOST, headers={"X-Forwarded-Client-Cert": "Subject=root"})
        assert (answer.status, answer.sent("X-Forwarded-Client-Cert")) == (LET_IN, [])


def test_a_session_is_not_resumed_where_its_client_would_not_be_let_in(world: World) -> None:
    """A ticket from the port that lets anybody in is worth nothing at the one that does not."""
    context = client_context(SERVERS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with world.edge("lenient").connect(context, HOST) as connection:
        assert isinstance(connection.socket, ssl.SSLSocket)
        assert connection.request("/", HOST).status == LET_IN
        session = connection.socket.session
    assert session is not None
    assert resumed(world.edge("lenient"), context, session) == b"H"
    assert resumed(world.edge("default"), context, session) == b""


def resumed(edge: Edge, context: ssl.SSLContext, session: ssl.SSLSession) -> bytes:
    """Resume a session, send a request and return the first byte of the answer; nothing where there is none."""
    with socket.create_connection(edge, SOON) as plain:
        try:
            encrypted = context.wrap_socket(plain, server_hostname=HOST, session=session)
            encrypted.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            return encrypted.recv(1)
        except (ssl.SSLError, ConnectionError):
            return b""


def test_authorities_are_renewed_without_turning_anybody_away(world: World) -> None:
    """Trust both, show the new, forget the old: connections that are open stay, new ones are let in throughout."""
    new = Authority("clients")
    new_ann = new.issue("ann")
    with world.edge("default").connect(client_context(SERVERS, ANN), HOST) as old:
        assert old.request("/", HOST).status == LET_IN
        world.folder.write(
            "ca.yaml", authorities("clients", CLIENTS.text + new.text), authorities("partners", PARTNERS.text)
        )
        world.stack.wait_until(lambda: world.ask("default", new_ann) == LET_IN, "the new authority", SOON)
        assert world.ask("default", ANN) == LET_IN
        world.folder.write("ca.yaml", authorities("clients", new.text), authorities("partners", PARTNERS.text))
        world.stack.wait_until(lambda: world.ask("default", ANN) == TURNED_AWAY, "the old authority forgotten", SOON)
        assert world.ask("default", new_ann) == LET_IN
        assert old.request("/", HOST).status == LET_IN
        assert old.is_open


def test_authorities_that_go_leave_nobody_let_in(world: World) -> None:
    world.folder.remove("ca.yaml")
    place = world.edge("default")

    def is_closed() -> bool:
        try:
            with place.connect():
                return False
        except OSError:
            return True

    world.stack.wait_until(is_closed, "the listener closed", SOON)
    assert world.ask("open") == LET_IN
