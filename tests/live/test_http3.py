"""HTTP/3 on a real Envoy, asked by a real client: certificates, routes, misdirected requests and changes."""

import asyncio
import json
import subprocess

import pytest
from cryptography import x509

from tests.attach.issuing import certificate, ec_key, key_pem, rsa_key
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import Document, echo, gateway, http_route, https, marks, rule, tls_secret
from tests.live.http3 import connected
from tests.live.stack import Folder, Gatehouse
from tests.live.test_https_traffic import context

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("http3")]

OPTION = "gatehouse.dev/http3"
EVERYWHERE = [{"name": "edge"}]


def with_http3(name: str, secret: str, hostname: str, value: str = "true") -> Document:
    document = https(name, *((secret, "both-rsa") if name == "both" else (secret,)), hostname=hostname)
    return {**document, "tls": {**document["tls"], "options": {OPTION: value}}}


LISTENERS = (
    with_http3("a", "a.example.com", "a.example.com"),
    with_http3("wild", "wild.example.com", "*.example.com"),
    with_http3("both", "both-ec", "both.example.org"),
    https("tcp", "example.org", hostname="example.org"),
    with_http3("off", "off.example.org", "off.example.org", "false"),
)


def issued(host: str, nth: int = 0) -> Document:
    key = ec_key(nth=nth)
    return tls_secret(host.replace("*", "wild"), certificate(key, host=host), key_pem(key))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("http3") / "resources")
    folder.write("gateway.yaml", gateway(*LISTENERS))
    folder.write("certificates.yaml", *(issued(host) for host in ("a.example.com", "example.org", "off.example.org")))
    folder.write("wild.yaml", issued("*.example.com"))
    rsa = certificate(rsa_key(), host="both.example.org")
    ec = certificate(ec_key(), host="both.example.org")
    folder.write(
        "both.yaml", tls_secret("both-ec", ec, key_pem(ec_key())), tls_secret("both-rsa", rsa, key_pem(rsa_key()))
    )
    folder.write("echo.yaml", *echo("echo"))
    folder.write("routes.yaml", route("first"))
    return folder


def route(mark: str) -> Document:
    return http_route("all", rule("echo", filters=[marks(mark)]), parentRefs=EVERYWHERE, hostnames=[])


@pytest.fixture(scope="module")
def edge(stack: Gatehouse) -> Edge:
    return stack.edge("a")


def test_requests_are_answered_by_the_listener_that_was_asked_for(edge: Edge) -> None:
    async def ask() -> None:
        async with connected(*edge, "b.example.com") as connection:
            answer = await connection.request("b.example.com", "/path?query", "POST", b"x" * 100_000)
            assert answer.status == 200
            seen = json.loads(answer.body)
            assert (seen["method"], seen["path"], seen["host"]) == ("POST", "/path?query", "b.example.com")
            assert seen["headers"]["X-Forwarded-Proto"] == ["https"]

    asyncio.run(ask())


def test_requests_for_another_listener_are_sent_away(edge: Edge) -> None:
    async def ask() -> None:
        async with connected(*edge, "b.example.com") as connection:
            for host, status in (
                *(("b.example.com", 200), ("c.example.com", 200), ("a.example.com", 421)),
                *(("example.org", 421), ("unknown.example.net", 404), (f"C.example.com:{edge.port}", 200)),
            ):
                assert (await connection.request(host)).status == status, host

    asyncio.run(ask())


def test_the_certificate_is_that_of_the_most_specific_listener(edge: Edge) -> None:
    async def served(name: str) -> list[str]:
        async with connected(*edge, name) as connection:
            names = connection.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            return names.get_values_for_type(x509.DNSName)

    assert asyncio.run(served("a.example.com")) == ["a.example.com"]
    assert asyncio.run(served("b.example.com")) == ["*.example.com"]
    assert asyncio.run(served("both.example.org")) == ["both.example.org"]


@pytest.mark.parametrize("name", ["example.org", "off.example.org", "unknown.example.net"])
def test_listeners_that_do_not_ask_for_it_are_not_served_over_it(edge: Edge, name: str) -> None:
    async def ask() -> None:
        async with connected(*edge, name) as connection:
            await connection.request(name)

    with pytest.raises((ConnectionError, TimeoutError)):
        asyncio.run(asyncio.wait_for(ask(), 1))


def test_clients_over_tcp_are_told_of_it(edge: Edge) -> None:
    """And of the port where it is reached, which is not that of the listener here."""
    for name, told in (("a.example.com", f'h3=":{edge.port}"; ma=86400'), ("example.org", "")):
        with edge.connect(context(), name) as connection:
            assert connection.request("/", name).header("alt-svc") == told


def test_curl_is_served_over_it_where_it_can(edge: Edge) -> None:
    features = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    if "HTTP3" not in features:
        pytest.skip("this curl speaks no HTTP/3")
    place = f"a.example.com:{edge.port}"
    command = ["curl", "-sk", "--http3-only", "--resolve", f"{place}:{edge.address}", "-o", "/dev/null"]
    run = subprocess.run([*command, "-w", "%{http_version}", f"https://{place}/"], capture_output=True, check=True)
    assert run.stdout == b"3"


def test_no_request_fails_while_routes_certificates_and_other_listeners_change(folder: Folder, edge: Edge) -> None:
    async def change() -> None:
        for nth in range(5):
            folder.write("routes.yaml", route(f"route-{nth}"))
            await asyncio.sleep(0.05)
        folder.write("wild.yaml", issued("*.example.com", nth=1))
        folder.write("gateway.yaml", gateway(*LISTENERS, https("more", "example.org", hostname="more.example.org")))
        folder.write("routes.yaml", route("last"))

    async def load() -> list[str]:
        seen: list[str] = []
        async with connected(*edge, "b.example.com") as connection:
            changing = asyncio.create_task(change())
            while not changing.done() or seen[-1:] != ["last"]:
                answer = await connection.request("b.example.com")
                assert answer.status == 200
                seen += json.loads(answer.body)["headers"]["X-Rule"]
            await changing
        return seen

    assert len(set(asyncio.run(asyncio.wait_for(load(), 20)))) > 1


def test_a_listener_that_comes_is_served_and_so_is_who_was_there(folder: Folder, stack: Gatehouse, edge: Edge) -> None:
    """Envoy makes the QUIC listener of a port anew; who was connected connects again."""

    async def answered(name: str) -> bool:
        try:
            async with asyncio.timeout(1), connected(*edge, name) as connection:
                return (await connection.request(name)).status == 200
        except (ConnectionError, TimeoutError):
            return False

    def both_are_answered() -> bool:
        return all(asyncio.run(answered(name)) for name in ("new.example.org", "b.example.com"))

    folder.write("new.yaml", issued("new.example.org"))
    folder.write("gateway.yaml", gateway(*LISTENERS, with_http3("new", "new.example.org", "new.example.org")))
    stack.wait_until(both_are_answered, "both to be served", patience=10)
