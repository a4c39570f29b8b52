"""The examples as they lie there: valid, whole, and with READMEs that the live tests can follow."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tests.examples.console import EXAMPLES, ROOT, UP, Step, documents, matches, readme, steps
from translator.api import core, routes
from translator.api.kinds import from_document
from xds_server.files.source import FileSource
from xds_server.local.deployments import plan
from xds_server.schema import Channel

TASKS = (
    "quickstart",
    "games",
    "teams",
    "canary",
    "ab-header",
    "mirror",
    "https-redirect",
    "grpc",
    "mixed",
    "tls-passthrough",
    "udp",
    "mtls",
    "tenants",
)
CLIENTS = ("curl", "openssl", "python3")


def test_every_task_has_its_example() -> None:
    """One folder per task, and none besides."""
    assert sorted(TASKS) == list(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("channel", list(Channel))
def test_a_kube_apiserver_would_accept_it(example: str, channel: Channel) -> None:
    """No document is refused, unknown or written twice, in either channel."""
    assert FileSource([ROOT / "examples" / example], channel).read().findings == ()


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_it_needs_stands_before_what_needs_it(example: str) -> None:
    """`kubectl apply -f` works at the first attempt: each namespace is made before the objects in it."""
    made = {"default"}
    for document in documents(example):
        if document["kind"] == "Namespace":
            made.add(document["metadata"]["name"])
        elif document["kind"] != "GatewayClass":
            assert document["metadata"].get("namespace", "default") in made


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_class_is_the_one_that_the_chart_brings(example: str) -> None:
    """Every example has the same GatewayClass, so that applying another one changes nothing."""
    [given] = [document for document in documents(example) if document["kind"] == "GatewayClass"]
    assert given["metadata"] == {"name": "gatehouse"}
    assert given["spec"] == {"controllerName": "gatehouse.dev/gateway-controller"}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_backend_runs_on_this_machine(example: str) -> None:
    """Each Deployment is run, and each port of each Service leads to one."""
    services = [_service(document) for document in documents(example) if document["kind"] == "Service"]
    given = [from_document("Secret", it) for it in documents(example) if it["kind"] == "Secret"]
    secrets = {it.metadata.key: it for it in given if isinstance(it, core.Secret)}
    planned = plan(documents(example), services, secrets)
    assert planned.not_local == ()
    assert {backing.service.name: len(backing.ports) for backing in planned.backings} == {
        service.metadata.name: len(service.spec.ports) for service in services
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_backend_ref_names_a_service_that_is_there(example: str) -> None:
    """Routes refer to Services of the example, by a port that they have."""
    there = {
        (service.metadata.namespace or "default", service.metadata.name, port.port)
        for service in (_service(document) for document in documents(example) if document["kind"] == "Service")
        for port in service.spec.ports
    }
    for document in documents(example):
        if document["kind"] in ("HTTPRoute", "GRPCRoute"):
            home = document["metadata"].get("namespace", "default")
            assert {(ref.namespace or home, ref.name, ref.port) for ref in _backends(document)} <= there


@pytest.mark.parametrize("example", EXAMPLES)
def test_pods_are_restricted(example: str) -> None:
    """Pods meet the `restricted` Pod Security Standard, ask for little and say when they are ready."""
    for document in documents(example):
        if document["kind"] != "Deployment":
            continue
        pod = document["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert (container["image"], container["imagePullPolicy"]) == ("gatehouse:dev", "IfNotPresent")
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        assert {"cpu", "memory"} == container["resources"]["requests"].keys()
        assert container["readinessProbe"]["httpGet"]["path"] == "/health"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_readme_can_be_followed(example: str) -> None:
    """It begins with `gatehouse up`, and each further command shows its output."""
    first, *others = steps(readme(example))
    assert first == Step(f"{UP}examples/{example}", "")
    assert 1 <= len(others) <= 5
    assert all(step.expected for step in others)
    assert all(any(it in step.command for it in CLIENTS) for step in others)


def test_the_certificate_is_valid_for_long() -> None:
    """The committed certificate does not run out while anyone reads this, and clients are given the same one."""
    [secret] = [document for document in documents("https-redirect") if document["kind"] == "Secret"]
    pem = (ROOT / "examples/https-redirect/shop.example.com.pem").read_bytes()
    decoded = from_document("Secret", secret)
    assert isinstance(decoded, core.Secret)
    assert decoded.data is not None
    assert decoded.data["tls.crt"] == pem
    assert x509.load_pem_x509_certificate(pem).not_valid_after_utc > datetime.now(UTC) + timedelta(days=3650)


def test_blocks_are_read_as_steps() -> None:
    """Commands begin with `$ `; what follows is their output; other blocks are prose."""
    text = "```console\n$ curl a\none\n$ curl b\n```\n\n```yaml\n$ no\n```\n"
    assert steps(text) == (Step("curl a", "one\n"), Step("curl b", ""))


@pytest.mark.parametrize(
    ("output", "same"), [("a\r\nx\r\ny\r\nb\r\n", True), ("a\nb\n", False), ("a\nx\nb\nc\n", False), ("b\n", False)]
)
def test_three_dots_stand_for_anything(output: str, same: bool) -> None:
    """A line of dots stands for lines; ends of lines do not count."""
    assert matches("a\n...\nb\n", output) is same


def _service(document: dict[str, object]) -> core.Service:
    decoded = from_document("Service", document)
    assert isinstance(decoded, core.Service)
    return decoded


def _backends(document: dict[str, object]) -> list[routes.BackendObjectReference]:
    route = from_document(str(document["kind"]), document)
    assert isinstance(route, routes.HTTPRoute | routes.GRPCRoute)
    references: list[routes.BackendObjectReference] = []
    for rule in route.spec.rules:
        references += rule.backend_refs
        references += [filter.request_mirror.backend_ref for filter in rule.filters if filter.request_mirror]
    return references
