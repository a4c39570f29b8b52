"""TLS to backends through the whole stack: what is verified, what is refused, and changes under requests."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.authority import Authority
from tests.live.client import Edge, requests
from tests.live.conftest import edge_folder
from tests.live.documents import (
    Document,
    authorities,
    backend_tls_policy,
    gateway,
    http_route,
    rule,
    served,
    tls_secret,
)
from tests.live.secured import Secured, secured, server_context, upgrade
from tests.live.stack import Folder, Gatehouse, up

pytestmark = pytest.mark.live

INNER, SPIFFE = "cart.inner.example.com", "spiffe://example.com/ns/shop/sa/cart"
OURS, OTHERS = Authority("ours"), Authority("others")
SOON = 10.0


class World(NamedTuple):
    """A stack with one backend that speaks TLS and one that does not, each behind Services of many names."""

    folder: Folder
    stack: Gatehouse
    edge: Edge
    over_tls: Secured
    plain: Secured

    def serve(self, name: str, *policies: Document, backend: Secured | None = None) -> None:
        """Have a Service with a route and these policies."""
        port = (backend or self.over_tls).port
        self.folder.write(f"{name}.yaml", *served(name, port), http_route(name, rule(name)), *policies)

    def answers(self, name: str, status: str) -> None:
        """Wait until a Service's route answers: the backend's name, or a status."""
        host = f"{name}.example.com"
        self.stack.wait_until(lambda: self.edge.pod(host) == status, f"{host}: {status}", SOON)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = edge_folder(tmp_path_factory.mktemp("backend-tls") / "resources")
    folder.write("ca.yaml", authorities("ours", OURS.text), authorities("others", OTHERS.text))
    certificate = OURS.issue("cart", INNER, "*.wild.example.com", uri=SPIFFE)
    with ExitStack() as stack:
        enter = stack.enter_context
        over_tls, plain = enter(secured("cart", server_context(certificate))), enter(secured("plain", None))
        gatehouse = enter(up(folder.path, ready="listener http: "))
        yield World(folder, gatehouse, gatehouse.edge(), over_tls, plain)


def test_a_backend_is_asked_for_by_its_hostname_and_verified(world: World) -> None:
    world.serve("good", backend_tls_policy("good", INNER, "ours"))
    world.answers("good", "cart")
    said = world.edge.get("good.example.com").echo
    assert (said["sni"], said["client"], said["tls"]) == (INNER, None, "TLSv1.3")


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("another-name", backend_tls_policy("another-name", "other.example.com", "ours")),
        ("another-authority", backend_tls_policy("another-authority", INNER, "others")),
        ("systems-authorities", backend_tls_policy("systems-authorities", INNER, wellKnownCACertificates="System")),
        (
            "wildcard-of-names",
            backend_tls_policy(
                "wildcard-of-names",
                INNER,
                "ours",
                subjectAltNames=[{"type": "Hostname", "hostname": "*.inner.example.com"}],
            ),
        ),
        (
            "another-san",
            backend_tls_policy(
                "another-san", INNER, "ours", subjectAltNames=[{"type": "URI", "uri": "spiffe://example.com/x"}]
            ),
        ),
    ],
)
def test_a_backend_that_is_not_the_one_is_not_spoken_to(world: World, name: str, policy: Document) -> None:
    """The policy is in force and the handshake fails: that is the request's failure alone."""
    world.serve(name, policy)
    world.answers(name, "503")


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("missing-authority", backend_tls_policy("missing-authority", INNER, "nobody")),
        ("unknown-option", {"options": {"minVersion": "1.3"}}),
    ],
)
def test_a_policy_that_cannot_be_followed_lets_nothing_through(world: World, name: str, policy: Document) -> None:
    """A backend that speaks in clear hears nothing, and so does one over TLS."""
    if "options" in policy:
        options, policy = policy["options"], backend_tls_policy(name, INNER, "ours")
        policy["spec"]["options"] = options
    heard = world.plain.served
    world.serve(name, policy, backend=world.plain)
    world.answers(name, "500")
    assert world.plain.served == heard


@pytest.mark.parametrize(
    ("name", "san"),
    [
        ("by-uri", {"type": "URI", "uri": SPIFFE}),
        ("by-hostname", {"type": "Hostname", "hostname": INNER}),
        ("by-wildcard", {"type": "Hostname", "hostname": "x.wild.example.com"}),
        ("by-the-very-wildcard", {"type": "Hostname", "hostname": "*.wild.example.com"}),
    ],
)
def test_subject_alternative_names_take_the_place_of_the_hostname(world: World, name: str, san: dict[str, str]) -> None:
    world.serve(name, backend_tls_policy(name, "front.example.com", "ours", subjectAltNames=[san]))
    world.answers(name, "cart")
    assert world.edge.get(f"{name}.example.com").echo["sni"] == "front.example.com"


def test_a_backend_in_clear_is_no_backend_over_tls(world: World) -> None:
    world.serve("clear", backend_tls_policy("clear", INNER, "ours"), backend=world.plain)
    world.answers("clear", "503")


def test_one_good_authority_of_two_will_do(world: World) -> None:
    world.serve("partly", backend_tls_policy("partly", INNER, "nobody", "ours"))
    world.answers("partly", "cart")
    world.stack.wait_until_said("BackendTLSPolicy shop/partly", "ResolvedRefs", "nobody")


def test_websockets_run_over_tls_too(world: World) -> None:
    world.serve("socket", backend_tls_policy("socket", INNER, "ours"))
    world.answers("socket", "cart")
    with world.edge.connect() as connection, upgrade(connection.socket, "socket.example.com") as frames:
        connection.socket.sendall(b"ping")
        assert frames.read(4) == b"ping"


def test_a_websocket_outlives_a_change_of_its_policy(world: World) -> None:
    world.serve("lasting", backend_tls_policy("lasting", INNER, "ours"))
    world.answers("lasting", "cart")
    with world.edge.connect() as connection, upgrade(connection.socket, "lasting.example.com") as frames:
        world.serve("lasting", backend_tls_policy("lasting", "x.wild.example.com", "others", "ours"))
        world.stack.wait_until(
            lambda: world.edge.get("lasting.example.com").echo["sni"] == "x.wild.example.com", "the new policy", SOON
        )
        connection.socket.sendall(b"ping")
        assert frames.read(4) == b"ping"


def test_policies_come_change_and_go_under_requests_without_one_failure(world: World) -> None:
    """Both backends answer whenever a policy says how: the Service leads to the right one at the time."""
    world.over_tls.closes_every = 7
    first = backend_tls_policy("changing", INNER, "ours")
    second = backend_tls_policy("changing", "x.wild.example.com", "others", "ours")
    third = backend_tls_policy("changing", INNER, "ours", subjectAltNames=[{"type": "URI", "uri": SPIFFE}])
    world.serve("changing", first)
    world.answers("changing", "cart")
    with requests(world.edge, "changing.example.com") as load:
        for number in range(10):
            for policy in (second, third, first):
                asked_for = policy["spec"]["validation"]["hostname"]
                world.serve("changing", policy)
                world.stack.wait_until(
                    lambda wanted=asked_for: world.edge.get("changing.example.com").echo["sni"] == wanted,
                    f"round {number}: {asked_for}",
                    SOON,
                )
    world.over_tls.closes_every = 0
    assert load.failures == []
    assert load.count > 100


def test_authorities_and_certificates_are_renewed_under_requests_without_one_failure(
    tmp_path: Path, world: World
) -> None:
    """As it is done: trust both, show the new, forget the old; and the client's certificate, by content and by name.

    Two more backends show when Envoy trusts the new authority, and no more the old one.
    """
    old, new = Authority("backend"), Authority("backend")
    clients = Authority("clients")
    with ExitStack() as stack:
        enter = stack.enter_context
        backend = enter(secured("renewed", server_context(old.issue("cart", INNER), clients)))
        backend.closes_every = 5
        by_old = enter(secured("by-old", server_context(old.issue("cart", INNER))))
        by_new = enter(secured("by-new", server_context(new.issue("cart", INNER))))
        by_old.closes_every = by_new.closes_every = 1
        folder = edge_folder(tmp_path / "resources")
        shown = {"backend": {"clientCertificateRef": {"name": "edge-client"}}}
        folder.write("gateway.yaml", gateway(tls=shown))
        folder.write("client.yaml", tls_secret("edge-client", *clients.issue("edge-one")))
        folder.write("ca.yaml", authorities("backend-ca", old.text))
        for server in (backend, by_old, by_new):
            policy = backend_tls_policy(server.name, INNER, "backend-ca")
            route = http_route(server.name, rule(server.name))
            folder.write(f"{server.name}.yaml", *served(server.name, server.port), route, policy)
        gatehouse = enter(up(folder.path))
        edge = gatehouse.edge()

        def shows(client: str) -> bool:
            said = edge.get("renewed.example.com")
            return said.status == 200 and said.echo["client"] == client

        def answers(name: str, status: str) -> None:
            gatehouse.wait_until(lambda: edge.pod(f"{name}.example.com") == status, f"{name}: {status}", SOON)

        gatehouse.wait_until(lambda: shows("edge-one"), "the first certificate", SOON)
        with requests(edge, "renewed.example.com") as load:

            def more(count: int = 100) -> None:
                so_far = load.count
                gatehouse.wait_until(lambda: load.count > so_far + count, f"{count} more requests")

            folder.write("ca.yaml", authorities("backend-ca", old.text + new.text))
            answers("by-new", "by-new")
            more()
            backend.context = server_context(new.issue("cart", INNER), clients)
            more()
            folder.write("ca.yaml", authorities("backend-ca", new.text))
            answers("by-old", "503")
            more()
            folder.write("client.yaml", tls_secret("edge-client", *clients.issue("edge-two")))
            gatehouse.wait_until(lambda: shows("edge-two"), "the second certificate", SOON)
            folder.write("other.yaml", tls_secret("other-client", *clients.issue("edge-three")))
            folder.write("gateway.yaml", gateway(tls={"backend": {"clientCertificateRef": {"name": "other-client"}}}))
            gatehouse.wait_until(lambda: shows("edge-three"), "the third certificate", SOON)
            more()
        assert load.failures == []


def test_a_policy_that_comes_and_goes_leads_from_clear_to_tls_and_back_without_one_failure(world: World) -> None:
    """The Service's port leads to a backend that takes both, told apart by the first byte."""
    with secured("plain-again", None) as clear, secured("tls-again", world.over_tls.context) as over_tls:
        plain = (*served("both", clear.port), http_route("both", rule("both")))
        encrypted = (*served("both-tls", over_tls.port), backend_tls_policy("both-tls", INNER, "ours"))
        world.folder.write("both.yaml", *plain, *encrypted)
        world.answers("both", "plain-again")
        with requests(world.edge, "both.example.com") as load:
            for _ in range(5):
                route = http_route("both", rule("both-tls"))
                world.folder.write("both.yaml", *served("both", clear.port), *encrypted, route)
                world.answers("both", "tls-again")
                world.folder.write("both.yaml", *plain, *encrypted)
                world.answers("both", "plain-again")
        assert load.failures == []
