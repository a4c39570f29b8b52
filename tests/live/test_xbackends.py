"""XBackends and XBackendTrafficPolicies on a real Envoy."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.live.authorizers import PASS, Authorizer, over_http
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import NAMESPACE, Document, echo, http_route, rule
from tests.live.stack import Folder, Gatehouse

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("xbackends")]

AT_ONCE = 20


def experimental(kind: str, name: str, **spec: Any) -> Document:
    version = "gateway.networking.x-k8s.io/v1alpha1"
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def xbackend(name: str, **more: Any) -> Document:
    return {"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": name, **more}


def pods(name: str, app: str, **more: Any) -> Document:
    selector = {"matchLabels": {"app": app}}
    return experimental(
        "XBackend", name, type="EndpointSelector", port={"number": 8080}, endpointSelector=selector, **more
    )


def backends(cart: int) -> list[Document]:
    """Services and their pods."""
    replicas = {"cart": cart, "other": 3, "limited": 1, "unlimited": 1}
    return [document for name, count in replicas.items() for document in echo(name, replicas=count)]


@pytest.fixture(scope="module")
def outside() -> Iterator[Authorizer]:
    """A server that is no pod, known by name alone."""
    with over_http() as server:
        yield server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, outside: Authorizer) -> Folder:
    folder = edge_folder(tmp_path_factory.mktemp("xbackends") / "resources")
    folder.write("backends.yaml", *backends(cart=3))
    folder.write(
        "xbackends.yaml",
        pods("plain", "cart"),
        pods("first", "cart", sessionPersistence={"cookie": {"name": "first"}}),
        pods("second", "other", sessionPersistence={"cookie": {"name": "second"}}),
        experimental(
            "XBackend",
            "outside",
            type="ExternalHostname",
            port={"number": outside.port},
            externalHostname={"hostname": "localhost"},
        ),
    )
    folder.write(
        "policies.yaml",
        experimental(
            "XBackendTrafficPolicy",
            "limits",
            targetRefs=[{"group": "", "kind": "Service", "name": "limited"}],
            retryConstraint={"budget": {"percent": 0}, "minRetryRate": {"count": 1, "interval": "1s"}},
        ),
    )
    retry = {"attempts": 1, "codes": [503]}
    folder.write(
        "routes.yaml",
        http_route("plain", {"backendRefs": [xbackend("plain")]}),
        http_route("split", {"backendRefs": [xbackend("first", weight=3), xbackend("second")]}),
        http_route("outside", {"backendRefs": [xbackend("outside")]}),
        http_route("limited", rule("limited", retry=retry)),
        http_route("unlimited", rule("unlimited", retry=retry)),
    )
    return folder


def test_pods_are_selected_by_label(edge: Edge) -> None:
    assert {edge.pod("plain.example.com") for _ in range(40)} == {"cart-1", "cart-2", "cart-3"}


def test_pods_that_come_and_go_are_followed(stack: Gatehouse, folder: Folder, edge: Edge) -> None:
    folder.write("backends.yaml", *backends(cart=1))
    stack.wait_until(lambda: {edge.pod("plain.example.com") for _ in range(20)} == {"cart-1"}, "one pod")
    folder.write("backends.yaml", *backends(cart=3))
    stack.wait_until(lambda: len({edge.pod("plain.example.com") for _ in range(20)}) == 3, "three pods")


def test_a_name_outside_is_resolved(edge: Edge) -> None:
    assert edge.get("outside.example.com", Authorization=PASS).body == b"ok"


def test_each_backend_of_a_split_keeps_a_session_of_its_own(edge: Edge) -> None:
    """Of 200 requests 150 go to the first, and either's always to the same pod."""
    jar: dict[str, str] = {}
    seen: Counter[str] = Counter()
    with edge.connect() as connection:
        for _ in range(200):
            sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in jar.items())} if jar else {}
            answer = connection.request("/", "split.example.com", headers=sent)
            for header in answer.headers.get_all("Set-Cookie", []):
                name, _, value = header.partition(";")[0].partition("=")
                jar[name] = value
            seen[answer.echo["pod"]] += 1
    assert jar.keys() == {"first", "second"}
    assert sorted(pod.rpartition("-")[0] for pod in seen) == ["cart", "other"]
    assert abs(seen.most_common(1)[0][1] - 150) < 31


def statuses(edge: Edge, host: str) -> Counter[int]:
    """What comes of requests at the same time, each of which fails at first, and slowly succeeds when tried again."""
    targets = [f"/{n}?responseCode=503&succeedAfter=1&delayRetry=700ms" for n in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(lambda target: edge.status(host, target), targets))


def test_retries_beyond_the_budget_are_not_made(edge: Edge) -> None:
    assert statuses(edge, "unlimited.example.com") == {200: AT_ONCE}
    limited = statuses(edge, "limited.example.com")
    assert limited.keys() == {200, 503}
    assert limited[503] >= AT_ONCE // 2
