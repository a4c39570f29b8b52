"""A second installation beside the first: it serves one namespace alone, with a certificate that somebody else made."""

import os
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cluster.commands import CHART, as_list, got, helm, kubectl, run, tried, until
from xds_server.kube.identity.authority import Authority, found, issued

pytestmark = pytest.mark.cluster

HOME = "gatehouse-test-second"
SHOP = "gatehouse-test-second-shop"
NAME = f"second-gatehouse.{HOME}.svc"
REPOSITORY, _, TAG = os.environ.get("IMAGE", "gatehouse:dev").rpartition(":")
OPTIONS = (
    f"--set=image.repository={REPOSITORY}",
    f"--set=image.tag={TAG}",
    "--set=controllerName=example.com/second",
    "--set=gatewayClass.name=second",
    "--set=personas.create=false",
    f"--set=watchNamespaces={{{SHOP}}}",
    "--set=xds.certificate.secretName=shown",
)
PATIENCE = 240.0

Document = dict[str, Any]


def secret(authority: Authority) -> Document:
    """A Secret as cert-manager makes it."""
    pair = issued(authority, [NAME], datetime.now(UTC))
    files = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": authority.bundle}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "shown", "namespace": HOME},
        "data": {name: b64encode(text.encode()).decode() for name, text in files.items()},
    }


def gateway(namespace: str) -> list[Document]:
    """A Gateway, and a route that answers every request with a redirect."""
    redirect = {"type": "RequestRedirect", "requestRedirect": {"hostname": "example.com", "statusCode": 302}}
    api_version, metadata = "gateway.networking.k8s.io/v1", {"name": "edge", "namespace": namespace}
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    return [
        {
            "apiVersion": api_version,
            "kind": "Gateway",
            "metadata": metadata,
            "spec": {"gatewayClassName": "second", "listeners": [listener]},
        },
        {
            "apiVersion": api_version,
            "kind": "HTTPRoute",
            "metadata": metadata,
            "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"filters": [redirect]}]},
        },
    ]


@pytest.fixture(scope="module")
def authority() -> Iterator[Authority]:
    """The authority of the certificate with which the second installation runs for as long as the tests do."""
    authority = found(datetime.now(UTC))
    for name in (HOME, SHOP):
        kubectl("create", "namespace", name)
    try:
        kubectl("apply", "--filename=-", given=as_list([secret(authority)]))
        install = ("helm", "install", "second", str(CHART), f"--namespace={HOME}", "--wait", "--timeout=3m")
        run(*install, *OPTIONS, seconds=PATIENCE)
        yield authority
    finally:
        kubectl("delete", "gateways", "--all", f"--namespace={SHOP}")
        helm("uninstall", "second", f"--namespace={HOME}", "--ignore-not-found", "--wait")
        kubectl("delete", "namespace", HOME, SHOP, "--wait=false")


def shows(authority: Authority) -> bool:
    """Whether the xDS server shows a certificate that an authority has signed, for its own name."""
    trust = ssl.create_default_context(cadata=authority.bundle)
    trust.set_alpn_protocols(["h2"])
    address = got("service", "second-gatehouse", f"--namespace={HOME}")["spec"]["clusterIP"]
    try:
        with (
            socket.create_connection((address, 18000), timeout=10) as plain,
            trust.wrap_socket(plain, server_hostname=NAME) as secured,
        ):
            return secured.version() is not None
    except OSError:
        return False


def programmed(namespace: str) -> bool:
    status = got("gateway", "edge", f"--namespace={namespace}").get("status", {})
    return any((it["type"], it["status"]) == ("Programmed", "True") for it in status.get("conditions", ()))


def test_it_serves_its_namespace_and_no_other(authority: Authority) -> None:
    """Envoys trust the certificate that was mounted; the first installation leaves the class alone."""
    until(lambda: shows(authority), "the node to know the Service", PATIENCE)
    kubectl("apply", "--filename=-", given=as_list([*gateway(HOME), *gateway(SHOP)]))
    until(lambda: programmed(SHOP), "the Gateway to be programmed", PATIENCE)
    address = got("gateway", "edge", f"--namespace={SHOP}")["status"]["addresses"][0]["value"]
    ask = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "10", f"http://{address}/")
    until(lambda: tried(*ask).stdout == "302", f"a redirect from {address}", PATIENCE)
    assert not programmed(HOME)
    [parent] = got("httproute", "edge", f"--namespace={SHOP}")["status"]["parents"]
    assert parent["controllerName"] == "example.com/second"


def test_a_renewed_certificate_is_shown_and_trusted_without_a_restart(authority: Authority) -> None:
    kubectl("apply", "--filename=-", given=as_list(gateway(SHOP)))
    until(lambda: programmed(SHOP), "the Gateway to be programmed", PATIENCE)
    [pod] = got("pods", f"--namespace={HOME}", "--selector=app.kubernetes.io/component=control-plane")
    renewed = found(datetime.now(UTC))
    kubectl("apply", "--filename=-", given=as_list([secret(renewed)]))
    kubectl("annotate", "pod", pod["metadata"]["name"], f"--namespace={HOME}", "look=again")  # a kubelet then does so
    until(lambda: shows(renewed), "the renewed certificate", PATIENCE)
    until(
        lambda: got("configmap", "edge-second", f"--namespace={SHOP}")["data"]["ca.crt"] == renewed.bundle,
        "Envoys to be told of the other authority",
        PATIENCE,
    )
    [again] = got("pods", f"--namespace={HOME}", "--selector=app.kubernetes.io/component=control-plane")
    assert again["metadata"]["uid"] == pod["metadata"]["uid"]
    assert again["status"]["containerStatuses"][0]["restartCount"] == 0
