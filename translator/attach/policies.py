"""BackendTLSPolicies: not applied yet, so what they ask for is refused rather than sent without TLS.

Source: gateway-api v1.7.0, apis/v1/backendtlspolicy_types.go.
"""

from collections.abc import Iterable
from typing import TypeAlias

from translator.api.core import Service
from translator.api.policies import BackendTLSPolicy, PolicyTargetReference
from translator.api.routes import ParentReference
from translator.attach.conditions import Reason, Type, condition
from translator.ir import Refusal
from translator.status import ParentStatus, PolicyStatus
from translator.value import Key, Lookup

Targeting: TypeAlias = tuple[tuple[tuple[Key, int], str], ...]
"""Policies of a Service, each with the name of the port it is for; empty for all ports."""


def by_service(key: Key, policy: BackendTLSPolicy) -> Iterable[tuple[Key, tuple[Key, int], str]]:
    """Put a policy to the Services that it targets."""
    for index, target in enumerate(policy.spec.target_refs):
        if (target.group, target.kind) == ("", "Service"):
            yield Key(key.namespace, target.name), (key, index), target.section_name or ""


def refusal(key: Key, service: Service, port: int, targeting: Targeting | None) -> Refusal | None:
    """Refuse a Service port that a policy wants to be reached over TLS."""
    for (policy, _), section in targeting or ():
        if not section or section in {it.name for it in service.spec.ports if it.port == port}:
            message = (
                f"BackendTLSPolicy {policy} asks for TLS to Service {key}, which is not done yet; nothing is sent "
                "without it, so remove the policy to send unverified"
            )
            return Refusal(Reason.UNSUPPORTED_PROTOCOL, message)
    return None


def of_policy(key: Key, policy: BackendTLSPolicy, services: Lookup[Key, Service]) -> PolicyStatus:
    """Report a policy as not accepted on each of its targets: no Gateway applies it that could be its ancestor."""
    return PolicyStatus(tuple(_of_target(key, policy, target, services) for target in policy.spec.target_refs))


def _of_target(
    key: Key, policy: BackendTLSPolicy, target: PolicyTargetReference, services: Lookup[Key, Service]
) -> ParentStatus:
    place = Key(key.namespace, target.name)
    if (target.group, target.kind) != ("", "Service"):
        reason, message = Reason.TARGET_NOT_FOUND, f"{target.kind} {place} cannot be a target; name a Service"
    elif services.get(place) is None:
        reason, message = Reason.TARGET_NOT_FOUND, f"Service {place} does not exist"
    else:
        reason = Reason.INVALID
        message = f"BackendTLSPolicies are not applied yet: routes to Service {place} answer with an error until then"
    ancestor = ParentReference(
        name=target.name,
        group=target.group,
        kind=target.kind,
        namespace=key.namespace,
        section_name=target.section_name,
    )
    return ParentStatus(ancestor, (condition(Type.ACCEPTED, False, reason, message, policy.metadata.generation),))
