"""ReferenceGrants: which references across namespaces are permitted (apis/v1/referencegrant_types.go)."""

from collections.abc import Iterable
from typing import TypeAlias

from translator.api.policies import ReferenceGrant, ReferenceGrantSpec
from translator.value import Key

Grants: TypeAlias = tuple[tuple[str, ReferenceGrantSpec], ...]
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
