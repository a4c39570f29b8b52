"""What is known of the fleet: what is there, what we applied, and so what is to be done. No sockets, no clock."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from translator import ir
from translator.attach.conditions import Reason
from translator.value import Key, Ref
from xds_server.kube.errors import ApiError
from xds_server.kube.fleet.names import object_name
from xds_server.kube.fleet.objects import Document
from xds_server.kube.fleet.observed import Observed
from xds_server.kube.fleet.services import addresses, bind, cluster_ips
from xds_server.kube.fleet.settings import PROBE_PORT, SHUTDOWN_PORT

RESERVED = (PROBE_PORT, SHUTDOWN_PORT)


class Applied(NamedTuple):
    """What we asked of an object, and which of its fields were ours then."""

    digest: bytes
    ours: bytes


class Ledger:
    """Objects as they were last seen, by Gateway, and what we made of them."""

    def __init__(self) -> None:
        self._objects: dict[Ref, Observed] = {}
        self._of: dict[Key, set[Ref]] = {}
        self._applied: dict[Ref, Applied] = {}

    @property
    def gateways(self) -> frozenset[Key]:
        """The Gateways that something was made for."""
        return frozenset(self._of)

    def get(self, ref: Ref) -> Observed | None:
        """Return an object as it was last seen."""
        return self._objects.get(ref)

    def of(self, gateway: Key) -> Iterator[tuple[Ref, Observed]]:
        """Yield what was made for a Gateway."""
        return ((ref, self._objects[ref]) for ref in sorted(self._of.get(gateway, ())))

    def saw(self, ref: Ref, found: Observed | None) -> Key | None:
        """Note what an object looks like now; return the Gateway that it was made for where that is news."""
        before = self._objects.get(ref)
        if before is not None and found is not None and _older(found, before):
            return None
        owner = before or found
        if before is not None:
            del self._objects[ref]
            self._of[before.gateway].discard(ref)
            if not self._of[before.gateway]:
                del self._of[before.gateway]
        if found is None:
            self._applied.pop(ref, None)
        else:
            self._objects[ref] = found
            self._of.setdefault(found.gateway, set()).add(ref)
        return None if owner is None else owner.gateway

    def stands(self, ref: Ref, document: Document) -> bool:
        """Say whether an object was applied as it should be, and nobody has taken a field of ours since."""
        found, applied = self._objects.get(ref), self._applied.get(ref)
        return found is not None and applied == Applied(digest(document), found.ours)

    def drifted(self, ref: Ref) -> bool:
        """Say whether an object is gone, or somebody else has taken a field that we applied."""
        found, applied = self._objects.get(ref), self._applied.get(ref)
        return found is None or (applied is not None and found.ours != applied.ours)

    def applied(self, ref: Ref, document: Document, found: Observed) -> None:
        """Note that an object was applied, and what came of it."""
        self.saw(ref, found)
        self._applied[ref] = Applied(digest(document), found.ours)

    def forget(self) -> None:
        """Trust nothing that we applied: somebody else may have led since."""
        self._applied.clear()

    def unwanted(self, gateway: Key, wanted: Iterable[Ref]) -> list[tuple[Ref, Observed]]:
        """Return what was made for a Gateway and is not wanted any more."""
        kept = frozenset(wanted)
        return [(ref, found) for ref, found in self.of(gateway) if ref not in kept]

    def placement(
        self, gateway: Key, infrastructure: ir.Infrastructure | ir.Held, refusal: ir.Refusal | None, ipv6: bool = False
    ) -> ir.Placement:
        """Say where a Gateway is reached, and what keeps its Envoys from running."""
        service = Ref("Service", gateway.namespace, object_name(gateway.name, infrastructure.class_name))
        found = self._objects.get(service)
        ours = found if found is not None and found.gateway == gateway else None
        return ir.Placement(
            bind=bind(ours, ipv6),
            addresses=() if ours is None else addresses(ours),
            cluster=() if ours is None else cluster_ips(ours),
            reserved=RESERVED,
            refusal=refusal or self._hindrance(gateway),
        )

    def _hindrance(self, gateway: Key) -> ir.Refusal | None:
        for ref, found in self.of(gateway):
            for condition in found.status.conditions if ref.kind == "Deployment" else ():
                if (condition.type, condition.status) == ("ReplicaFailure", "True"):
                    return ir.Refusal(Reason.NO_RESOURCES, f"pods of {ref} cannot be made: {condition.message}")
        return None


def digest(document: Document) -> bytes:
    """Return what tells one document from another."""
    return hashlib.blake2b(msgspec.json.encode(document, order="sorted"), digest_size=16).digest()


def refusal_of(errors: Mapping[Ref, ApiError]) -> ir.Refusal | None:
    """Say of objects that a kube-apiserver refused why that is; the first decides the Reason."""
    if not errors:
        return None
    first = next(iter(errors.values()))
    if first.status in (400, 409, 422):
        reason = Reason.INVALID
    else:
        reason = Reason.NO_RESOURCES if "quota" in first.message else Reason.PENDING
    return ir.Refusal(reason, "; ".join(f"{ref} cannot be applied: {error.message}" for ref, error in errors.items()))


def _older(one: Observed, other: Observed) -> bool:
    """Say whether this is what an object was before; versions of an object are numbers that grow."""
    versions = one.metadata.resource_version, other.metadata.resource_version
    same = one.metadata.uid == other.metadata.uid
    return same and all(it.isdecimal() for it in versions) and int(versions[0]) < int(versions[1])
