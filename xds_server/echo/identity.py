"""Who answers: the pod, its namespace and its Service."""

import os
import socket
from collections.abc import Mapping
from pathlib import Path

from translator.value import Value

NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Where Kubernetes writes a pod's namespace (Access the Kubernetes API from a Pod)."""


class Identity(Value):
    """What a backend says of itself in each answer; empty where nobody told it."""

    pod: str
    namespace: str = ""
    service: str = ""


def from_environment(environment: Mapping[str, str] = os.environ) -> Identity:
    """POD_NAME, NAMESPACE and SERVICE_NAME; else what Kubernetes tells every pod: its host name and its namespace."""
    return Identity(
        pod=environment.get("POD_NAME") or socket.gethostname(),
        namespace=environment.get("NAMESPACE") or _own_namespace(),
        service=environment.get("SERVICE_NAME", ""),
    )


def _own_namespace() -> str:
    try:
        return NAMESPACE_FILE.read_text().strip()
    except OSError:
        return ""
