"""What Envoys refused or are slow to answer for, and the objects that made it."""

from collections.abc import Iterable

from translator.value import Ref
from translator.wiring.owners import Owners
from xds_server.ads.troubles import Trouble
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.rendering import NAMES

REFUSED, SLOW = "refused", "slow"


def told(troubles: Iterable[Trouble], owners: Owners) -> list[pb.Trouble]:
    """Put troubles into messages, in the order of Gateway, Envoy and resource."""
    found = sorted(troubles, key=lambda it: (it.gateway, it.node, it.type, it.item))
    return [_told(it, owners) for it in found]


def by_object(troubles: Iterable[pb.Trouble]) -> dict[Ref, list[pb.Trouble]]:
    """Lay troubles at the doors of the objects that made what they are about."""
    found: dict[Ref, list[pb.Trouble]] = {}
    for trouble in troubles:
        for it in trouble.objects:
            found.setdefault(Ref(it.kind, it.namespace, it.name), []).append(trouble)
    return found


def of_ref(ref: Ref) -> pb.Object:
    """Name an object."""
    return pb.Object(kind=ref.kind, namespace=ref.namespace, name=ref.name)


def _told(trouble: Trouble, owners: Owners) -> pb.Trouble:
    return pb.Trouble(
        gateway=str(trouble.gateway),
        envoy=trouble.node,
        kind=REFUSED if trouble.is_refusal else SLOW,
        type=NAMES[trouble.type],
        name=trouble.item.name,
        host=trouble.item.host,
        version=trouble.version,
        serves=trouble.serves,
        words=trouble.words or f"has not answered for {trouble.seconds:.0f} s",
        seconds=trouble.seconds,
        objects=map(of_ref, owners.of(trouble.gateway, trouble.type, *trouble.item)),
    )
