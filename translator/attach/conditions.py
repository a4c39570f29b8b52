"""Types and Reasons of conditions in the specification's words, and the one place where conditions are made.

Source: gateway-api v1.7.0, apis/v1/{gatewayclass,gateway,listenerset,policy,backendtlspolicy,shared}_types.go.
"""

from enum import StrEnum
from functools import lru_cache
from sys import intern

from translator.ir import Refusal
from translator.status import Condition


class Type(StrEnum):
    """Types of conditions, of all kinds."""

    ACCEPTED = "Accepted"
    ADDRESSES_ASSIGNED = "AddressesAssigned"
    CONFLICTED = "Conflicted"
    DEFAULT_GATEWAY = "DefaultGateway"
    PARTIALLY_INVALID = "PartiallyInvalid"
    PROGRAMMED = "Programmed"
    RESOLVED_REFS = "ResolvedRefs"
    SUPPORTED_VERSION = "SupportedVersion"
    INSECURE_FRONTEND_VALIDATION_MODE = "InsecureFrontendValidationMode"
    OVERLAPPING_TLS_CONFIG = "OverlappingTLSConfig"

    REFUSED = "gatehouse.dev/Refused"
    """Our own: an Envoy refused what the route became, and serves what it had before."""


class Reason(StrEnum):
    """Reasons of conditions, of all kinds; one word means the same wherever it is used."""

    # what is as it should be
    ACCEPTED = "Accepted"
    NO_CONFLICTS = "NoConflicts"
    PROGRAMMED = "Programmed"
    RESOLVED_REFS = "ResolvedRefs"
    SUPPORTED_VERSION = "SupportedVersion"

    # any kind
    INVALID = "Invalid"
    PENDING = "Pending"
    REF_NOT_PERMITTED = "RefNotPermitted"

    # GatewayClass
    INVALID_PARAMETERS = "InvalidParameters"
    UNSUPPORTED = "Unsupported"
    UNSUPPORTED_VERSION = "UnsupportedVersion"
    WAITING = "Waiting"

    # Gateway
    ADDRESSES_ASSIGNED = "AddressesAssigned"
    ADDRESS_NOT_ASSIGNED = "AddressNotAssigned"
    ADDRESS_NOT_USABLE = "AddressNotUsable"
    CONFIGURATION_CHANGED = "ConfigurationChanged"
    DEFAULT_GATEWAY = "DefaultGateway"
    INVALID_CLIENT_CERTIFICATE_REF = "InvalidClientCertificateRef"
    LISTENERS_NOT_RESOLVED = "ListenersNotResolved"
    LISTENERS_NOT_VALID = "ListenersNotValid"
    NOT_ASSIGNED = "NotAssigned"
    NO_RESOURCES = "NoResources"
    PARTIALLY_ASSIGNED = "PartiallyAssigned"
    UNSUPPORTED_ADDRESS = "UnsupportedAddress"

    # listeners of Gateways and ListenerSets
    HOSTNAME_CONFLICT = "HostnameConflict"
    INVALID_CA_CERTIFICATE_KIND = "InvalidCACertificateKind"
    INVALID_CA_CERTIFICATE_REF = "InvalidCACertificateRef"
    INVALID_CERTIFICATE_REF = "InvalidCertificateRef"
    INVALID_LISTENER_FILTER = "InvalidListenerFilter"
    INVALID_LISTENER_FILTER_REF = "InvalidListenerFilterRef"
    INVALID_ROUTE_KINDS = "InvalidRouteKinds"
    LISTENER_CONFLICT = "ListenerConflict"
    NO_VALID_CA_CERTIFICATE = "NoValidCACertificate"
    OVERLAPPING_CERTIFICATES = "OverlappingCertificates"
    OVERLAPPING_HOSTNAMES = "OverlappingHostnames"
    PORT_UNAVAILABLE = "PortUnavailable"
    PROTOCOL_CONFLICT = "ProtocolConflict"
    TOO_MANY_LISTENERS = "TooManyListeners"
    UNSUPPORTED_PROTOCOL = "UnsupportedProtocol"
    UNSUPPORTED_VALUE = "UnsupportedValue"

    # ListenerSet
    NOT_ALLOWED = "NotAllowed"
    PARENT_NOT_ACCEPTED = "ParentNotAccepted"
    PARENT_NOT_PROGRAMMED = "ParentNotProgrammed"

    # routes
    BACKEND_NOT_FOUND = "BackendNotFound"
    INCOMPATIBLE_FILTERS = "IncompatibleFilters"
    INVALID_BACKEND_TLS = "InvalidBackendTLS"
    INVALID_KIND = "InvalidKind"
    NOT_ALLOWED_BY_LISTENERS = "NotAllowedByListeners"
    NO_MATCHING_LISTENER_HOSTNAME = "NoMatchingListenerHostname"
    NO_MATCHING_PARENT = "NoMatchingParent"

    # policies
    CONFLICTED = "Conflicted"
    TARGET_NOT_FOUND = "TargetNotFound"

    # our own
    REFUSED_BY_ENVOY = "RefusedByEnvoy"


@lru_cache(maxsize=256)
def condition(type_: Type, status: bool | None, reason: str, message: str, generation: int) -> Condition:
    """Make a condition of plain strings, one for all conditions; status None is Unknown.

    Thousands of routes are told the same: they share it.
    """
    return Condition(intern(str(type_)), status, intern(str(reason)), message, generation)


def refused(type_: Type, refusals: tuple[Refusal, ...], generation: int, status: bool = False) -> Condition:
    """Make a condition of at least one refusal: the Reason of the first, the messages of all."""
    messages = dict.fromkeys(refusal.message for refusal in refusals)
    return condition(type_, status, refusals[0].reason, "; ".join(messages), generation)


def positive(type_: Type, reason: Reason, refusals: tuple[Refusal, ...], good: str, generation: int) -> Condition:
    """Make a condition that is True, for this Reason, unless something was refused."""
    return refused(type_, refusals, generation) if refusals else condition(type_, True, reason, good, generation)
