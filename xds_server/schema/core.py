"""What a kube-apiserver fills into the core kinds, beyond the defaults that a schema can say."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]

NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def complete_service(document: Document) -> Document:
    """A port without targetPort targets its own number; traffic policy is Cluster where there is a cluster IP."""
    spec = {**document["spec"]}
    if "ports" in spec:
        spec["ports"] = [{"targetPort": port["port"], **port} for port in spec["ports"]]
    if spec["type"] != "ExternalName":
        spec.setdefault("internalTrafficPolicy", "Cluster")
    return {**document, "spec": spec}


def complete_secret(document: Document) -> Document:
    """`stringData` is merged into `data`, and wins."""
    written = document.get("stringData", {})
    data = document.get("data", {}) | {key: base64.b64encode(text.encode()).decode() for key, text in written.items()}
    return {**_without(document, "stringData"), **({"data": data} if data else {})}


def complete_namespace(document: Document) -> Document:
    """Every Namespace is labelled with its name."""
    metadata = document["metadata"]
    labels = {**metadata.get("labels", {}), NAMESPACE_LABEL: metadata["name"]}
    return {**document, "metadata": {**metadata, "labels": labels}}


def _without(document: Document, field: str) -> Document:
    return {name: value for name, value in document.items() if name != field}


COMPLETIONS: Mapping[str, Callable[[Document], Document]] = {
    "Service": complete_service,
    "Secret": complete_secret,
    "Namespace": complete_namespace,
}
"""By core kind; each takes a document that its schema has admitted."""
