"""What somebody may do, asked of the kube-apiserver by somebody who is taken for them."""

import json
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from tests.cluster.commands import Document, as_list, kubectl

GROUPS = {
    "gatewayclasses": "gateway.networking.k8s.io",
    "gateways": "gateway.networking.k8s.io",
    "listenersets": "gateway.networking.k8s.io",
    "httproutes": "gateway.networking.k8s.io",
    "grpcroutes": "gateway.networking.k8s.io",
    "tlsroutes": "gateway.networking.k8s.io",
    "tcproutes": "gateway.networking.k8s.io",
    "udproutes": "gateway.networking.k8s.io",
    "referencegrants": "gateway.networking.k8s.io",
    "backendtlspolicies": "gateway.networking.k8s.io",
    "xbackends": "gateway.networking.x-k8s.io",
    "xbackendtrafficpolicies": "gateway.networking.x-k8s.io",
    "xtelemetrypolicies": "gateway.networking.x-k8s.io",
    "envoyparameters": "gatehouse.dev",
    "services": "",
    "secrets": "",
    "configmaps": "",
    "namespaces": "",
    "nodes": "",
    "pods": "",
    "pods/exec": "",
    "serviceaccounts": "",
    "serviceaccounts/token": "",
    "events": "",
    "serviceimports": "multicluster.x-k8s.io",
    "endpointslices": "discovery.k8s.io",
    "deployments": "apps",
    "daemonsets": "apps",
    "statefulsets": "apps",
    "jobs": "batch",
    "horizontalpodautoscalers": "autoscaling",
    "poddisruptionbudgets": "policy",
    "leases": "coordination.k8s.io",
    "roles": "rbac.authorization.k8s.io",
    "clusterroles": "rbac.authorization.k8s.io",
    "clusterrolebindings": "rbac.authorization.k8s.io",
    "customresourcedefinitions": "apiextensions.k8s.io",
    "tokenreviews": "authentication.k8s.io",
    "clustertrustbundles": "certificates.k8s.io",
    "ingresses": "networking.k8s.io",
    "networkpolicies": "networking.k8s.io",
    "validatingwebhookconfigurations": "admissionregistration.k8s.io",
}
"""Kinds to ask about, ours and such as are worth having, by their plural."""
READ = frozenset({"get", "list", "watch"})
WRITE = frozenset({"create", "update", "patch", "delete", "deletecollection"})


class Right(NamedTuple):
    """To do something to a kind; a subresource follows a slash."""

    verb: str
    resource: str


def rights(verbs: frozenset[str], *resources: str) -> set[Right]:
    """Each verb on each kind."""
    return {Right(verb, resource) for verb, resource in product(verbs, resources)}


def granted(user: str, asked: set[Right], namespace: str = "default") -> set[Right]:
    """Return what of it a user may do in a namespace, or in all of them where that is empty."""
    reviews = as_list(_review(right, namespace) for right in sorted(asked))
    answers = kubectl("create", f"--as={user}", "--output=json", "--filename=-", given=reviews)
    return {_right(review) for review in _documents(answers) if review["status"]["allowed"]}


def _review(right: Right, namespace: str) -> Document:
    resource, _, subresource = right.resource.partition("/")
    group = GROUPS.get(right.resource, GROUPS.get(resource))
    attributes = {"namespace": namespace, "verb": right.verb, "group": group, "resource": resource}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes | {"subresource": subresource}},
    }


def _right(review: Document) -> Right:
    attributes = review["spec"]["resourceAttributes"]
    subresource = attributes.get("subresource")
    return Right(
        attributes["verb"], f"{attributes['resource']}/{subresource}" if subresource else attributes["resource"]
    )


def _documents(text: str) -> Iterator[Document]:
    """Read JSON documents that follow one another."""
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:]
