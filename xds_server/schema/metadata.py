"""ObjectMeta: the names, labels and annotations that a kube-apiserver accepts for any kind."""

from collections.abc import Callable, Mapping
from typing import Any

from xds_server.schema import findings, formats
from xds_server.schema.findings import Trail
from xds_server.schema.visit import Findings, Visit

DEFAULT_NAMESPACE = "default"
MOST_ANNOTATED = 256 * 1024
"""Bytes that all keys and values of an object's annotations may have together."""

PLACE: Trail = ((), "metadata")

NAMES: Mapping[str, Callable[[str], bool]] = {
    "dns1123-subdomain": formats.is_dns1123_subdomain,
    "dns1123-label": formats.is_dns1123_label,
    "dns1035-label": formats.is_dns1035_label,
    "trust-bundle-name": formats.is_trust_bundle_name,
}


def metadata(value: Any, visit: Visit, name_format: str, namespaced: bool, found: Findings) -> Any:
    """Judge an object's metadata; an object of a namespaced kind that names no namespace lives in `default`."""
    seen = visit({} if value is None else value, PLACE, found)
    if not isinstance(seen, dict):
        return seen
    name = seen.get("name")
    if not name:
        found.violations.append(findings.required((PLACE, "name"), "every object needs a name"))
    elif isinstance(name, str) and not NAMES[name_format](name):
        found.violations.append(findings.invalid((PLACE, "name"), f"must be a valid {name_format}", name))
    if _annotated(seen.get("annotations")) > MOST_ANNOTATED:
        found.violations.append(findings.too_long((PLACE, "annotations"), MOST_ANNOTATED))
    return {**seen, "namespace": seen.get("namespace") or DEFAULT_NAMESPACE} if namespaced else _unplaced(seen)


def _unplaced(seen: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in seen.items() if key != "namespace"}


def _annotated(annotations: Any) -> int:
    if not isinstance(annotations, dict):
        return 0
    return sum(len(key) + len(value) for key, value in annotations.items() if isinstance(value, str))
