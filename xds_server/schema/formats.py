"""The names and addresses that Kubernetes validates, one predicate each (k8s.io/apimachinery/pkg/util/validation)."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime

LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
DNS_1123_LABEL = re.compile(LABEL)
DNS_1123_SUBDOMAIN = re.compile(rf"{LABEL}(?:\.{LABEL})*")
DNS_1035_LABEL = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")
QUALIFIED_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?")
LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
PORT_NAME = re.compile(r"(?!.*--)(?=.*[a-z])[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


def is_dns1123_label(text: str) -> bool:
    """Lower-case letters, digits and `-`, at most 63 of them."""
    return len(text) <= 63 and DNS_1123_LABEL.fullmatch(text) is not None


def is_dns1123_subdomain(text: str) -> bool:
    """Labels joined by dots, at most 253 characters."""
    return len(text) <= 253 and DNS_1123_SUBDOMAIN.fullmatch(text) is not None


def is_trust_bundle_name(text: str) -> bool:
    """A ClusterTrustBundle's name: after the name of its signer, if it has one, with `:` for each `/` and behind it."""
    return all(is_dns1123_subdomain(part) for part in text.split(":"))


def is_dns1035_label(text: str) -> bool:
    """A DNS-1123 label that starts with a letter."""
    return len(text) <= 63 and DNS_1035_LABEL.fullmatch(text) is not None


def is_qualified_name(text: str) -> bool:
    """A name of at most 63 characters, after an optional DNS-1123 subdomain and a `/`."""
    prefix, slash, name = text.rpartition("/")
    named = len(name) <= 63 and QUALIFIED_NAME.fullmatch(name) is not None
    return named and (not slash or is_dns1123_subdomain(prefix))


def is_label_value(text: str) -> bool:
    """Empty, or a name of at most 63 characters."""
    return len(text) <= 63 and LABEL_VALUE.fullmatch(text) is not None


def is_config_key(text: str) -> bool:
    """A key of a Secret or ConfigMap: it can be the name of a file."""
    return len(text) <= 253 and CONFIG_KEY.fullmatch(text) is not None and text != "." and not text.startswith("..")


def is_port_name(text: str) -> bool:
    """An IANA service name: at most 15 of lower-case letters, digits and single `-`, a letter among them."""
    return len(text) <= 15 and PORT_NAME.fullmatch(text) is not None


def is_ip(text: str) -> bool:
    """An IPv4 or IPv6 address; no zone, and no IPv4 address in IPv6 clothes (Kubernetes' CEL isIP)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text and getattr(address, "ipv4_mapped", None) is None


def is_ipv4(text: str) -> bool:
    """An IPv4 address."""
    return "." in text and ":" not in text and is_ip(text)


def is_ipv6(text: str) -> bool:
    """An IPv6 address."""
    return ":" in text and is_ip(text)


def is_base64(text: str) -> bool:
    """Standard base64 with padding; line breaks are passed over, as Go's decoder does."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def is_date_time(text: str) -> bool:
    """An RFC 3339 time."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text.upper()
    except ValueError:
        return False


OPENAPI: Mapping[str, Callable[[str], bool]] = {
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "byte": is_base64,
    "date-time": is_date_time,
    "dns1123-label": is_dns1123_label,
    "dns1123-subdomain": is_dns1123_subdomain,
    "qualified-name": is_qualified_name,
    "label-value": is_label_value,
    "config-key": is_config_key,
    "port-name": is_port_name,
    "ip": is_ip,
}
"""`format` of a schema: OpenAPI's, and the names that only our schemas of the core kinds ask for."""

NAMED: Mapping[str, Callable[[str], bool]] = {
    "dns1123Label": is_dns1123_label,
    "dns1123Subdomain": is_dns1123_subdomain,
    "dns1035Label": is_dns1035_label,
    "qualifiedName": is_qualified_name,
    "labelValue": is_label_value,
}
"""`format.<name>()` of Kubernetes' CEL library."""
