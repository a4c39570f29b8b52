"""ListenerSets on a real Envoy: each tenant's certificate and routes, and tenants that come and go under requests."""

import ssl

import pytest
from cryptography import x509

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.live.client import Edge, requests
from tests.live.conftest import edge_folder
from tests.live.documents import (
    Document,
    echo,
    gateway,
    http_route,
    https,
    listener,
    listener_set,
    marks,
    rule,
    tls_secret,
)
from tests.live.stack import Folder, Gatehouse

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("listener sets")]

ALLOWED = {"namespaces": {"from": "All"}}
SOON = 10.0


def tenant(name: str, hostname: str = "", created: str = "") -> tuple[Document, ...]:
    """A ListenerSet of HTTP and HTTPS for a hostname, the certificate for it, and a route."""
    host = hostname or f"{name}.example.com"
    key = ec_key(nth=sum(map(ord, name)))
    return (
        listener_set(name, listener("web", 80, hostname=host), https("secure", name, hostname=host), created=created),
        tls_secret(name, certificate(key, host=host), key_pem(key)),
        http_route(
            name,
            rule("echo", filters=[marks(name)]),
            parentRefs=[{"kind": "ListenerSet", "name": name}],
            hostnames=[],
        ),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("sets") / "resources")
    folder.write("gateway.yaml", gateway(listener("http", 80, hostname="own.example.com"), allowedListeners=ALLOWED))
    folder.write("echo.yaml", *echo("echo"))
    folder.write("own.yaml", http_route("own", rule("echo", filters=[marks("own")])))
    folder.write("bakery.yaml", *tenant("bakery"))
    folder.write("florist.yaml", *tenant("florist"))
    return folder


def secure(edge: Edge) -> Edge:
    """The port 443 of the same address."""
    return Edge(edge.address, edge.port - 80 + 443)


def names_served(edge: Edge, server_name: str) -> tuple[list[str], str]:
    """The names of the certificate that is shown for a server name, and the rule that answers."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with secure(edge).connect(tls, server_name) as connection:
        assert isinstance(connection.socket, ssl.SSLSocket)
        der = connection.socket.getpeercert(binary_form=True)
        assert der is not None
        names = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.DNSName), connection.request("/", server_name).rule


def shows(edge: Edge, host: str) -> str:
    """The rule that answers over HTTPS; the error where nobody does."""
    try:
        return names_served(edge, host)[1]
    except OSError as error:
        return str(error)


def test_it_is_said_where_a_tenant_is_reached(stack: Gatehouse, edge: Edge) -> None:
    where = f"ListenerSet shop/bakery, listener secure: https://{edge.address}:{secure(edge).port}"
    stack.wait_until_said(where)


def test_each_tenant_has_its_certificate_and_its_routes(edge: Edge) -> None:
    for name in ("bakery", "florist"):
        host = f"{name}.example.com"
        assert names_served(edge, host) == ([host], name)
        assert edge.get(host).rule == name
    assert edge.get("own.example.com").rule == "own"


def test_what_a_tenant_serves_is_nothing_of_the_gateways(edge: Edge) -> None:
    """The Gateway's hostname is not served where a tenant alone has the port."""
    assert edge.status("nobody.example.com") == 404
    assert shows(edge, "own.example.com") not in ("own", "bakery", "florist")


def test_tenants_come_and_go_and_nobody_else_sees_an_error(folder: Folder, stack: Gatehouse, edge: Edge) -> None:
    with requests(edge, "bakery.example.com", "own.example.com") as load:
        for number in range(3):
            name = f"new{number}"
            host = f"{name}.example.com"
            folder.write(f"{name}.yaml", *tenant(name))
            stack.wait_until(lambda host=host, name=name: shows(edge, host) == name, f"{host} is served", SOON)
            assert names_served(edge, host) == ([host], name)
            assert names_served(edge, "bakery.example.com") == (["bakery.example.com"], "bakery")
        for number in range(3):
            folder.remove(f"new{number}.yaml")
        stack.wait_until(lambda: edge.status("new2.example.com") == 404, "the last of them is gone", SOON)
    assert load.failures == []
    assert load.count > 0


def test_a_hostname_is_handed_on_when_its_owner_goes(folder: Folder, stack: Gatehouse, edge: Edge) -> None:
    """Who is younger waits, and serves when the older one is gone; the owner sees nothing of it."""
    host = "wanted.example.com"
    folder.write("first.yaml", *tenant("first", host, created="2026-01-01T00:00:00Z"))
    stack.wait_until(lambda: shows(edge, host) == "first", "the first is served", SOON)
    with requests(edge, host) as load:
        folder.write("second.yaml", *tenant("second", host, created="2026-01-02T00:00:00Z"))
        folder.write("marker.yaml", *tenant("marker"))
        stack.wait_until(lambda: shows(edge, "marker.example.com") == "marker", "what came with it is served", SOON)
        assert shows(edge, host) == "first"
    assert load.failures == []
    folder.remove("first.yaml")
    stack.wait_until(lambda: shows(edge, host) == "second" and edge.get(host).rule == "second", "the second is", SOON)
