"""BackendTLSPolicies: which one holds for a Service's port, what it asks of a backend, and what it is told.

Source: gateway-api v1.7.0, apis/v1/backendtlspolicy_types.go, policy_types.go; GEP-713 (precedence), GEP-1897.

A policy that cannot be followed is not skipped: what it is for is not reached at all, rather than unverified.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from translator import ir
from translator.api.core import Service
from translator.api.policies import BackendTLSPolicy, BackendTLSPolicyValidation, PolicyTargetReference
from translator.api.routes import ParentReference
from translator.attach import authorities
from translator.attach.authorities import Bundle
from translator.attach.conditions import Reason, Type, condition, refused
from translator.ir import Refusal
from translator.status import Condition, ParentStatus, PolicyStatus
from translator.value import Key, Lookup, Ref, Value

SYSTEM = "System"
OWN_OPTIONS = "gatehouse.dev/"
MOST_ANCESTORS = 16

Claims: TypeAlias = Sequence[tuple[tuple[str, Key, int], str]]
"""Who targets a Service, the oldest first, each with the name of the port that is meant; empty for all of it."""


class Judged(Value):
    """What a policy asks for by itself, whatever it targets."""

    verification: ir.Verification | None
    """None where it cannot be followed."""
    refusal: Refusal | None = None
    """Why it cannot."""
    unresolved: tuple[Refusal, ...] = ()
    """References of it that do not resolve."""
    note: str = ""
    """What was written and has no effect."""


class Applied(Value):
    """The policy that holds for a Service's port of some name, or with an empty one for all that have none."""

    section: str
    policy: Key
    refusal: Refusal | None
    """Why the port cannot be reached as the policy wants it."""


Targeting: TypeAlias = tuple[Applied, ...]
"""The policies that hold for a Service: at most one for each name of a port, and one for the whole."""


# ---- which one holds ------------------------------------------------------------------------------------------------


def by_service(key: Key, policy: BackendTLSPolicy) -> Iterable[tuple[Key, tuple[str, Key, int], str]]:
    """Put a policy to the others of the Services that it targets: the older first, then by name."""
    for index, target in enumerate(policy.spec.target_refs):
        if (target.group, target.kind) == ("", "Service"):
            order = (policy.metadata.creation_timestamp, key, index)
            yield Key(key.namespace, target.name), order, target.section_name or ""


def settle(_: Key, claims: Claims, judged: Lookup[Key, Judged]) -> Targeting:
    """Say which policies hold for a Service: of those for the same section the first, followed or not."""
    return tuple(Applied(section, policy, _unfollowed(policy, judged)) for section, policy in _first(claims).items())


def effective(port_name: str, targeting: Targeting | None) -> Applied | None:
    """Return the policy for a port: one for the port by name goes before one for the whole Service."""
    found = {it.section: it for it in targeting or ()}
    return found.get(port_name) or found.get("")


def _first(claims: Claims) -> dict[str, Key]:
    return {section: policy for (_, policy, _), section in reversed(claims)}


def _unfollowed(policy: Key, judged: Lookup[Key, Judged]) -> Refusal | None:
    found = judged.get(policy)
    if found is None or found.refusal is None:
        return None
    message = f"BackendTLSPolicy {policy} cannot be followed, and nothing is sent without it: {found.refusal.message}"
    return Refusal(Reason.INVALID_BACKEND_TLS, message)


# ---- what it asks for -----------------------------------------------------------------------------------------------


def verification(
    validation: BackendTLSPolicyValidation, home: str, bundles: Lookup[Ref, Bundle | Refusal]
) -> ir.Verification | Refusal:
    """Say what backends must show by a validation of the namespace `home`, or why that cannot be known."""
    trusted, unresolved = _trusted(validation, home, bundles)
    return _unknowable(validation, trusted, unresolved) or _verification(validation, tuple(trusted))


def judge(key: Key, policy: BackendTLSPolicy, bundles: Lookup[Ref, Bundle | Refusal]) -> Judged:
    """Say what backends must show, or why a policy cannot be followed; some bad references leave the good ones."""
    validation = policy.spec.validation
    trusted, unresolved = _trusted(validation, key.namespace, bundles)
    refusal = _refusal(policy, trusted, unresolved)
    verification = None if refusal is not None else _verification(validation, tuple(trusted))
    foreign = [name for name in sorted(policy.spec.options) if _is_foreign(name)]
    note = f"options {', '.join(foreign)} have no effect" if foreign else ""
    return Judged(verification, refusal, tuple(unresolved), note)


def _trusted(
    validation: BackendTLSPolicyValidation, home: str, bundles: Lookup[Ref, Bundle | Refusal]
) -> tuple[dict[Ref, None], list[Refusal]]:
    trusted: dict[Ref, None] = {}
    unresolved = []
    for ref in validation.ca_certificate_refs:
        target = authorities.target(ref, home)
        found = authorities.unknown_kind(ref, Reason.INVALID_KIND) if target is None else bundles.get(target)
        if isinstance(found, Refusal):
            unresolved.append(found)
        elif target is not None:
            trusted[target] = None
    return trusted, unresolved


def _refusal(policy: BackendTLSPolicy, trusted: dict[Ref, None], unresolved: list[Refusal]) -> Refusal | None:
    unknown = [name for name in sorted(policy.spec.options) if not _is_foreign(name)]
    if unknown:
        return Refusal(Reason.INVALID, f"options {', '.join(unknown)} are not known; remove them")
    return _unknowable(policy.spec.validation, trusted, unresolved)


def _unknowable(
    validation: BackendTLSPolicyValidation, trusted: dict[Ref, None], unresolved: list[Refusal]
) -> Refusal | None:
    if validation.ca_certificate_refs:
        message = "; ".join(it.message for it in unresolved)
        return None if trusted else Refusal(Reason.NO_VALID_CA_CERTIFICATE, message)
    if validation.well_known_ca_certificates != SYSTEM:
        message = f"wellKnownCACertificates {validation.well_known_ca_certificates} is not known; use {SYSTEM}"
        return Refusal(Reason.INVALID, message)
    return None


def _is_foreign(option: str) -> bool:
    """Whether an option is somebody else's: those without a prefix are the Gateway API's."""
    return "/" in option and not option.startswith(OWN_OPTIONS)


def _verification(validation: BackendTLSPolicyValidation, trusted: tuple[Ref, ...]) -> ir.Verification:
    """With subjectAltNames the hostname is only asked for, and any of them will do."""
    names = tuple(
        ("URI", it.uri) if it.type == "URI" else ("DNS", it.hostname.lower()) for it in validation.subject_alt_names
    )
    hostname = validation.hostname.lower()
    return ir.Verification(hostname, names or (("DNS", hostname),), trusted or (ir.SYSTEM_AUTHORITIES,))


# ---- what it is told ------------------------------------------------------------------------------------------------


def of_policy(
    key: Key,
    policy: BackendTLSPolicy,
    judged: Lookup[Key, Judged],
    claimed: Lookup[Key, Claims],
    services: Lookup[Key, Service],
    users: Lookup[Key, tuple[Key, ...]],
) -> PolicyStatus | None:
    """Report on a policy to the Gateways whose routes use what it targets; None where there is none."""
    found = judged.get(key)
    targets = [it for it in policy.spec.target_refs if (it.group, it.kind) == ("", "Service")]
    gateways = sorted({gateway for it in targets for gateway in users.get(Key(key.namespace, it.name)) or ()})
    if found is None or not gateways:
        return None
    faults = [refusal for it in targets for refusal in _faults(key, it, claimed, services)]
    conditions = tuple(_conditions(found, faults, policy.metadata.generation))
    return PolicyStatus(tuple(ParentStatus(_ancestor(it), conditions) for it in gateways[:MOST_ANCESTORS]))


def _conditions(judged: Judged, faults: list[Refusal], generation: int) -> Iterator[Condition]:
    own = () if judged.refusal is None else (judged.refusal,)
    conflicts = [it for it in faults if it.reason == Reason.CONFLICTED]
    refusals = (*conflicts, *own, *(it for it in faults if it not in conflicts))  # the first one's Reason is told
    good = "; ".join(filter(None, ("the policy is in force", judged.note)))
    if refusals:
        yield refused(Type.ACCEPTED, refusals, generation)
    else:
        yield condition(Type.ACCEPTED, True, Reason.ACCEPTED, good, generation)
    if judged.unresolved:
        yield refused(Type.RESOLVED_REFS, judged.unresolved, generation)
    else:
        yield condition(Type.RESOLVED_REFS, True, Reason.RESOLVED_REFS, "all references resolve", generation)


def _faults(
    key: Key, target: PolicyTargetReference, claimed: Lookup[Key, Claims], services: Lookup[Key, Service]
) -> Iterator[Refusal]:
    """Say what is wrong with a target: it is not there, or somebody else's."""
    place, section = Key(key.namespace, target.name), target.section_name or ""
    service = services.get(place)
    if service is None:
        yield Refusal(Reason.TARGET_NOT_FOUND, f"Service {place} does not exist")
    elif section and section not in {it.name for it in service.spec.ports}:
        yield Refusal(Reason.TARGET_NOT_FOUND, f"Service {place} has no port named {section}")
    holds = _first(claimed.get(place) or ()).get(section, key)
    if holds != key:
        part = f"port {section} of Service {place}" if section else f"Service {place}"
        message = f"{part} has BackendTLSPolicy {holds} already, which is older or comes first by name"
        yield Refusal(Reason.CONFLICTED, message)


def _ancestor(gateway: Key) -> ParentReference:
    return ParentReference(name=gateway.name, namespace=gateway.namespace)
