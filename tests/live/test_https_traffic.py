"""HTTPS listeners on a real Envoy: which certificate is served to whom, and what happens when it is replaced."""

import ssl
import subprocess

import pytest
from cryptography import x509

from tests.attach.issuing import certificate, ec_key, key_pem, rsa_key
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, echo, gateway, http_route, https, marks, rule, tls_secret
from tests.live.stack import Folder, Gatehouse

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("https traffic")]

PATIENCE = 10.0
MOVED = {"type": "ReplaceFullPath", "replaceFullPath": "/new"}


def issued(host: str, *, rsa: bool = False, nth: int = 0) -> tuple[bytes, bytes]:
    key = rsa_key(nth=nth) if rsa else ec_key(nth=nth)
    return certificate(key, host=host), key_pem(key)


def marked(name: str, **spec: object) -> Document:
    return http_route(name, rule("echo", filters=[marks(name)]), **spec)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("https") / "resources")
    folder.write(
        "gateway.yaml",
        gateway(
            https("a", "a", hostname="a.example.com"),
            https("wild", "wild", hostname="*.example.com"),
            https("both", "both-ec", "both-rsa", hostname="both.example.org"),
            https("late", "late", hostname="late.example.org"),
        ),
    )
    folder.write("a.yaml", tls_secret("a", *issued("a.example.com")))
    folder.write("wild.yaml", tls_secret("wild", *issued("*.example.com")))
    both = (
        tls_secret("both-ec", *issued("both.example.org")),
        tls_secret("both-rsa", *issued("both.example.org", rsa=True)),
    )
    folder.write("both.yaml", *both)
    folder.write("echo.yaml", *echo("echo"))
    everywhere = [{"name": "edge"}]
    moved = rule(filters=[{"type": "RequestRedirect", "requestRedirect": {"path": MOVED}}])
    folder.write("routes.yaml", marked("a"), marked("rest", parentRefs=everywhere, hostnames=[]))
    folder.write("moved.yaml", http_route("moved", moved))
    return folder


@pytest.fixture(scope="module")
def edge(stack: Gatehouse) -> Edge:
    return stack.edge("a")


def context(*protocols: str, ciphers: str = "") -> ssl.SSLContext:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if protocols:
        tls.set_alpn_protocols(list(protocols))
    if ciphers:
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        tls.set_ciphers(ciphers)
    return tls


def served_to(edge: Edge, name: str, ciphers: str = "") -> x509.Certificate:
    with edge.connect(context(ciphers=ciphers), name) as connection:
        assert isinstance(connection.socket, ssl.SSLSocket)
        der = connection.socket.getpeercert(binary_form=True)
        assert der is not None
        return x509.load_der_x509_certificate(der)


def names_of(served: x509.Certificate) -> list[str]:
    return served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )


def test_the_certificate_is_that_of_the_most_specific_listener(edge: Edge) -> None:
    assert names_of(served_to(edge, "a.example.com")) == ["a.example.com"]
    assert names_of(served_to(edge, "b.example.com")) == ["*.example.com"]


def test_requests_are_answered_by_the_routes_of_the_listener_that_shook_hands(edge: Edge) -> None:
    with edge.connect(context(), "a.example.com") as connection:
        answer = connection.request("/", "a.example.com")
        assert answer.rule == "a"
        assert answer.sent("X-Forwarded-Proto") == ["https"]
    with edge.connect(context(), "b.example.com") as connection:
        assert connection.request("/", "b.example.com").rule == "rest"


def test_requests_for_another_listener_are_sent_away_and_the_connection_stays(edge: Edge) -> None:
    with edge.connect(context(), "a.example.com") as connection:
        for host, status in (("b.example.com", 421), ("both.example.org", 421), ("unknown.example.net", 404)):
            assert connection.request("/", host).status == status
            assert connection.request("/", "a.example.com").rule == "a"
    with edge.connect(context(), "b.example.com") as connection:
        assert connection.request("/", "a.example.com").status == 421
        assert connection.request("/", "c.example.com").rule == "rest"


def test_several_certificates_serve_clients_of_either_kind(edge: Edge) -> None:
    by_ec = served_to(edge, "both.example.org", "ECDHE-ECDSA-AES128-GCM-SHA256")
    by_rsa = served_to(edge, "both.example.org", "ECDHE-RSA-AES128-GCM-SHA256")
    assert (by_ec.public_key(), by_rsa.public_key()) == (ec_key(nth=0).public_key(), rsa_key(nth=0).public_key())


def test_the_protocol_is_negotiated(edge: Edge) -> None:
    for offered, chosen in ((("h2", "http/1.1"), "h2"), (("http/1.1",), "http/1.1"), ((), None)):
        with edge.connect(context(*offered), "a.example.com") as connection:
            assert isinstance(connection.socket, ssl.SSLSocket)
            assert connection.socket.selected_alpn_protocol() == chosen


def test_clients_may_speak_http_2(edge: Edge) -> None:
    place = f"b.example.com:{edge.port}"
    command = ["curl", "-sk", "--http2", "--resolve", f"{place}:{edge.address}", "-o", "/dev/null"]
    run = subprocess.run(
        [*command, "-w", "%{http_version} %{http_code}", f"https://{place}/"], capture_output=True, timeout=PATIENCE
    )
    assert run.stdout == b"2 200"


def test_redirects_name_the_port_of_the_listener_not_the_one_where_it_is_served(edge: Edge) -> None:
    with edge.connect(context(), "moved.example.com") as connection:
        for host in ("moved.example.com", f"moved.example.com:{edge.port}"):
            assert connection.request("/", host).header("Location") == "https://moved.example.com/new"


def test_a_name_that_no_listener_has_gets_no_handshake(edge: Edge) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)), edge.connect(context(), "unknown.example.net"):
        pass


def test_a_new_certificate_is_served_to_new_connections_and_old_ones_stay(
    folder: Folder, stack: Gatehouse, edge: Edge
) -> None:
    with edge.connect(context(), "b.example.com") as old:
        assert old.request("/", "b.example.com").status == 200
        folder.write("wild.yaml", tls_secret("wild", *issued("*.example.com", nth=1)))
        renewed = ec_key(nth=1).public_key()
        stack.wait_until(
            lambda: served_to(edge, "b.example.com").public_key() == renewed, "the new certificate", patience=5
        )
        for _ in range(20):
            assert old.request("/", "b.example.com").status == 200
            assert old.is_open


def test_a_listener_serves_as_soon_as_its_secret_exists(folder: Folder, stack: Gatehouse, edge: Edge) -> None:
    assert stack.said("Gateway shop/edge", "late", "InvalidCertificateRef")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        served_to(edge, "late.example.org")
    folder.write("late.yaml", tls_secret("late", *issued("late.example.org")))

    def late_is_served() -> bool:
        try:
            return names_of(served_to(edge, "late.example.org")) == ["late.example.org"]
        except (ssl.SSLError, ConnectionError):
            return False

    stack.wait_until(late_is_served, "the late listener", patience=5)
