"""ReferenceGrants: which references across namespaces are permitted (apis/v1/referencegrant_types.go)."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from translator.api.gateway import GATEWAY_GROUP
from translator.api.policies import ReferenceGrant, ReferenceGrantSpec
from translator.attach.conditions import Reason
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref

Grants: TypeAlias = Sequence[tuple[str, ReferenceGrantSpec]]
"""A namespace's grants by name."""


def by_namespace(key: Key, grant: ReferenceGrant) -> Iterable[tuple[str, str, ReferenceGrantSpec]]:
    """Put each grant to the others of the namespace that it opens."""
    yield key.namespace, key.name, grant.spec


def permitted(
    grants: Grants | None,
    from_group: str,
    from_kind: str,
    from_namespace: str,
    to_group: str,
    to_kind: str,
    to_name: str,
) -> bool:
    """Say whether one of the target namespace's grants admits the reference; grants add up."""
    return any(
        any((it.group, it.kind, it.namespace) == (from_group, from_kind, from_namespace) for it in grant.from_)
        and any((it.group, it.kind) == (to_group, to_kind) and it.name in (None, "", to_name) for it in grant.to)
        for _, grant in grants or ()
    )


def admitted(granted: Lookup[str, Grants], group: str, home: Ref, to_group: str, target: Ref) -> bool:
    """Say whether `home` may refer to an object: one of its own namespace or of none, or one that a grant opens."""
    return target.namespace in ("", home.namespace) or permitted(
        granted.get(target.namespace), group, home.kind, home.namespace, to_group, target.kind, target.name
    )


def may_use(granted: Lookup[str, Grants], home: Ref, to_group: str, target: Ref) -> Refusal | None:
    """Refuse what a Gateway or ListenerSet must not use; not even whether it exists is said of it."""
    if admitted(granted, GATEWAY_GROUP, home, to_group, target):
        return None
    message = (
        f"no ReferenceGrant in namespace {target.namespace} permits {home.kind}s of namespace {home.namespace} "
        f"to use {target}"
    )
    return Refusal(Reason.REF_NOT_PERMITTED, message)


def may_send(granted: Lookup[str, Grants], group: str, home: Ref, to_group: str, target: Ref) -> Refusal | None:
    """Refuse a backend that `home` must not send anything to."""
    if admitted(granted, group, home, to_group, target):
        return None
    message = (
        f"{target} is in another namespace, and no ReferenceGrant in {target.namespace} "
        f"admits {_plural(home.kind)} of {home.namespace}"
    )
    return Refusal(Reason.REF_NOT_PERMITTED, message)


def _plural(kind: str) -> str:
    return f"{kind.removesuffix('y')}ies" if kind.endswith("cy") else f"{kind}s"
