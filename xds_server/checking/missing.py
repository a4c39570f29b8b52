"""Missing objects: what the files refer to and do not hold."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TypeAlias

from translator.api.gateway import GATEWAY_GROUP
from translator.api.kinds import KINDS, Object
from translator.attach.grants import permitted
from translator.value import Ref
from xds_server.checking.finding import Reason, Trouble
from xds_server.checking.references import Reference, ours, references
from xds_server.checking.world import World
from xds_server.files import Severity

Missing: TypeAlias = Mapping[Ref, Sequence[Reference]]
"""What is not there, and what refers to it, in the order of the objects."""

CONSEQUENCES: Mapping[str, str] = {
    "GatewayClass": "it is judged as if it were a class of {controller}; give it too, or correct the reference",
    "Gateway": "whether it admits what wants to attach cannot be judged; give it too, or correct the reference",
    "ListenerSet": "whether it admits the route cannot be judged; give it too, or correct the reference",
    "Secret": "it is taken to hold a good certificate; give it too, or correct the reference",
    "ConfigMap": "it is taken to hold good CA certificates; give it too, or correct the reference",
    "ClusterTrustBundle": "it is taken to hold good CA certificates; give it too, or correct the reference",
}
OTHERWISE = "give it too, or correct the reference"


def missing(objects: Mapping[Ref, Object], world: World) -> Missing:
    """Find what objects of ours refer to and the files lack; what no ReferenceGrant permits is not looked for."""
    found: dict[Ref, list[Reference]] = {}
    for ref, value in objects.items():
        if ours(ref, value, world):
            for it in references(ref, value):
                if it.target not in objects and _permitted(it, world):
                    found.setdefault(it.target, []).append(it)
    return found


def troubles(missing: Missing, refused: Collection[Ref], controller_name: str, strict: bool) -> Iterator[Trouble]:
    """Say once of each missing object that it is not there; of one that was refused, that has been said."""
    for target, found in missing.items():
        if target in refused:
            continue
        first, *more = found
        consequence = CONSEQUENCES.get(target.kind, OTHERWISE).format(controller=controller_name)
        count = f" (also named by {len(more)} more reference{'s' if len(more) > 1 else ''})" if more else ""
        message = f"{target} is not among the files{count}: {consequence}"
        yield Trouble(
            first.origin, first.field, Reason.NOT_FOUND, message, Severity.ERROR if strict else Severity.WARNING
        )


def _permitted(reference: Reference, world: World) -> bool:
    origin, target = reference.origin, reference.target
    return not reference.needs_a_grant or permitted(
        world.granted.get(target.namespace),
        GATEWAY_GROUP,
        origin.kind,
        origin.namespace,
        KINDS[target.kind].group,
        target.kind,
        target.name,
    )
