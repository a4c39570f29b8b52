"""XBackendTrafficPolicies: which one holds for a backend, and what it limits or keeps there.

Source: gateway-api v1.7.0, apisx/v1alpha1/xbackendtrafficpolicy_types.go, GEP-3388 (retry budgets), GEP-713
(precedence).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from translator import ir
from translator.api.core import Service
from translator.api.experimental import LocalPolicyTargetReference, RetryConstraint, XBackend, XBackendTrafficPolicy
from translator.api.routes import ParentReference
from translator.api.telemetry import EXPERIMENTAL_GROUP
from translator.attach import durations, sessions
from translator.attach.conditions import Reason, Type, condition, refused
from translator.ir import Refusal
from translator.status import ParentStatus, PolicyStatus
from translator.value import Key, Lookup, Ref, Value

GROUPS: Mapping[str, str] = {"Service": "", "XBackend": EXPERIMENTAL_GROUP}
"""The kinds that may be targets, each with its group."""
MOST_ANCESTORS = 16

Claims: TypeAlias = Sequence[tuple[tuple[str, Key], Key]]
"""The policies that target a backend, the one that holds first."""


class Handling(Value):
    """What a policy asks for by itself."""

    budget: ir.RetryBudget | None = None
    session: ir.Session | None = None
    refusal: Refusal | None = None
    """Why it is not done; then none of it is."""


def by_target(key: Key, policy: XBackendTrafficPolicy) -> Iterable[tuple[Ref, tuple[str, Key], Key]]:
    """Put a policy to the others of each backend that it targets: the older first, then by name."""
    for target in dict.fromkeys(policy.spec.target_refs):
        if GROUPS.get(target.kind) == target.group:
            yield Ref(target.kind, key.namespace, target.name), (policy.metadata.creation_timestamp, key), key


def judge(_: Key, policy: XBackendTrafficPolicy) -> Handling:
    """Say what a policy asks for, or why that is not done."""
    constraint, persistence = policy.spec.retry_constraint, policy.spec.session_persistence
    budget = None if constraint is None else _budget(constraint)
    session = None if persistence is None else sessions.read(persistence)
    for it in (budget, session):
        if isinstance(it, Refusal):
            return Handling(refusal=it)
    assert not isinstance(budget, Refusal)
    assert not isinstance(session, Refusal)
    return Handling(budget, session)


def settle(_: Ref, claims: Claims, judged: Lookup[Key, Handling]) -> Handling | None:
    """Return what holds for a backend: the first of its policies, done or not."""
    return judged.get(claims[0][1])


def of_policy(
    key: Key,
    policy: XBackendTrafficPolicy,
    judged: Lookup[Key, Handling],
    claimed: Lookup[Ref, Claims],
    services: Lookup[Key, Service],
    xbackends: Lookup[Key, XBackend],
    service_users: Lookup[Key, tuple[Key, ...]],
    xbackend_users: Lookup[Key, tuple[Key, ...]],
) -> PolicyStatus | None:
    """Report on a policy to the Gateways whose routes use what it targets; None where there is none."""
    handling = judged.get(key)
    places = [(it, Key(key.namespace, it.name)) for it in policy.spec.target_refs]
    users = {"Service": service_users, "XBackend": xbackend_users}
    gateways = sorted({gateway for it, place in places for gateway in _users(it, place, users)})
    if handling is None or not gateways:
        return None
    there: Mapping[str, Lookup[Key, object]] = {"Service": services, "XBackend": xbackends}
    faults = [fault for it, place in places for fault in _faults(key, it, place, claimed, there)]
    refusals = (*faults, *(() if handling.refusal is None else (handling.refusal,)))
    generation = policy.metadata.generation
    accepted = (
        refused(Type.ACCEPTED, tuple(refusals), generation)
        if refusals
        else condition(Type.ACCEPTED, True, Reason.ACCEPTED, "the policy is in force", generation)
    )
    ancestors = (ParentReference(name=it.name, namespace=it.namespace) for it in gateways[:MOST_ANCESTORS])
    return PolicyStatus(tuple(ParentStatus(it, (accepted,)) for it in ancestors))


def _budget(constraint: RetryConstraint) -> ir.RetryBudget | Refusal:
    """Read a budget; Envoy counts retries in flight, so that a rate is what is in flight if each took a second."""
    interval = durations.milliseconds(constraint.budget.interval)
    over = durations.milliseconds(constraint.min_retry_rate.interval)
    if interval is None or not over:
        text = constraint.budget.interval if interval is None else constraint.min_retry_rate.interval
        return Refusal(Reason.UNSUPPORTED_VALUE, f"retryConstraint: {text!r} is no interval")
    least = -(-constraint.min_retry_rate.count * 1000 // over)
    return ir.RetryBudget(constraint.budget.percent, interval, least)


def _users(
    target: LocalPolicyTargetReference, place: Key, users: Mapping[str, Lookup[Key, tuple[Key, ...]]]
) -> tuple[Key, ...]:
    return users[target.kind].get(place) or () if GROUPS.get(target.kind) == target.group else ()


def _faults(
    key: Key,
    target: LocalPolicyTargetReference,
    place: Key,
    claimed: Lookup[Ref, Claims],
    there: Mapping[str, Lookup[Key, object]],
) -> Iterator[Refusal]:
    """Say what is wrong with a target: it is none, it is not there, or somebody else's."""
    if GROUPS.get(target.kind) != target.group:
        kind = f"{target.kind}.{target.group}" if target.group else target.kind
        yield Refusal(Reason.TARGET_NOT_FOUND, f"{kind} {place} is no target; name a Service or an XBackend")
        return
    if there[target.kind].get(place) is None:
        yield Refusal(Reason.TARGET_NOT_FOUND, f"{target.kind} {place} does not exist")
    claims = claimed.get(Ref(target.kind, *place)) or ()
    if claims and claims[0][1] != key:
        message = (
            f"{target.kind} {place} has XBackendTrafficPolicy {claims[0][1]} already, which is older or comes first by "
            "name"
        )
        yield Refusal(Reason.CONFLICTED, message)
