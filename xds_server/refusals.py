"""What Envoys refused, and which of them: it counts until each of those accepts it or is gone, or it has changed."""

from collections.abc import Iterable, Iterator

from translator.value import Key, Ref, Value
from translator.xds.resource import ResourceType

Place = tuple[Key, ResourceType, str]


class Refusal(Value):
    """One version of a resource, or of one virtual host of it, that an Envoy of a Gateway refused, with its words."""

    gateway: Key
    type: ResourceType
    name: str
    host: str
    version: str
    words: str
    routes: tuple[Ref, ...] = ()
    """The routes at fault, where that is known."""


class Refusers:
    """The Envoys that refused a resource as it is, by their nodes."""

    def __init__(self) -> None:
        self._nodes: dict[Place, set[str]] = {}

    def refused(self, gateway: Key, type_: ResourceType, name: str, node: str) -> None:
        """Note a refusal; virtual hosts are accepted by being changed, whoever refused them."""
        if type_ is ResourceType.ROUTE:
            return
        self._nodes.setdefault((gateway, type_, name), set()).add(node)

    def accepted(self, gateway: Key, type_: ResourceType, names: Iterable[str], node: str) -> Iterator[str]:
        """Note that an Envoy accepts resources; yield the names of those that no other Envoy still refuses."""
        for name in names:
            nodes = self._nodes.get((gateway, type_, name))
            if nodes is not None:
                nodes.discard(node)
                if nodes:
                    continue
                del self._nodes[gateway, type_, name]
            yield name

    def gone(self, gateway: Key, node: str) -> None:
        """Note that an Envoy has no stream any more: what it refused counts until the next one accepts it."""
        for (at, _, _), nodes in self._nodes.items():
            if at == gateway:
                nodes.discard(node)
