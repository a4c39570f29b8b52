"""Names and labels of what is made for a Gateway: as GEP-1762 asks for, cut with a hash where they do not fit."""

import hashlib
import re

from translator.value import Key

NAME_LABEL = "gateway.networking.k8s.io/gateway-name"
CLASS_LABEL = "gateway.networking.k8s.io/gateway-class-name"
CONTROLLER_LABEL = "gatehouse.dev/controller"
"""Which installation made an object; a label cannot hold a controller name, so it is changed, and hashed."""
MANAGED_BY_LABEL = "app.kubernetes.io/managed-by"

NAME_ANNOTATION = "gatehouse.dev/gateway-name"
CLASS_ANNOTATION = "gatehouse.dev/gateway-class-name"
BOOTSTRAP_ANNOTATION = "gatehouse.dev/bootstrap"
"""The hash of what an Envoy is started with; another one starts it anew."""

MAX = 63
"""The longest label value, and the longest name of a Service."""
HASH = 8

SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")


def object_name(gateway: str, gateway_class: str) -> str:
    """Return `<gateway>-<class>`, or something like it that every kind of object may be called."""
    plain = f"{gateway}-{gateway_class}"
    if len(plain) <= MAX and SERVICE_NAME.fullmatch(plain):
        return plain
    start = re.sub("[^a-z0-9]+", "-", plain.lower()).strip("-")
    if not start[:1].isalpha():
        start = f"gateway-{start}"
    return _cut(start, f"{gateway}/{gateway_class}")


def label_value(text: str) -> str:
    """Return a name as a label may hold it; the name itself if it fits."""
    if len(text) <= MAX and LABEL_VALUE.fullmatch(text):
        return text
    return _cut(re.sub("[^A-Za-z0-9_.]+", "-", text).strip("-_."), text)


def labels(gateway: Key, gateway_class: str, controller_name: str) -> dict[str, str]:
    """Return the labels by which an object made for a Gateway is found."""
    return {
        NAME_LABEL: label_value(gateway.name),
        CLASS_LABEL: label_value(gateway_class),
        CONTROLLER_LABEL: label_value(controller_name),
        MANAGED_BY_LABEL: "gatehouse",
    }


def selector(gateway: Key) -> dict[str, str]:
    """Return the labels that a Gateway's pods have, whatever else changes: selectors cannot change."""
    return {NAME_LABEL: label_value(gateway.name), MANAGED_BY_LABEL: "gatehouse"}


def _cut(start: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode()).hexdigest()[:HASH]
    return f"{start[: MAX - HASH - 1].rstrip('-_.')}-{digest}"
