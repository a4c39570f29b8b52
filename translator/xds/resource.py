"""What leaves the translator: Envoy resources as bytes, with a version that is a hash of their content."""

from collections.abc import Iterable
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from translator.value import Key, Ref, Value


class ResourceType(StrEnum):
    """The xDS types Gatehouse serves, by type URL, in the order in which they are made."""

    CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"
    LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
    ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
    SCOPE = "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration"


class Resource(Value):
    """One encoded resource; `body` is the serialised message and `version` the hash of it."""

    name: str
    version: str
    body: bytes
    clusters: tuple[str, ...] = ()
    """Clusters that the resource names: an Envoy must have ACKed them before it sees this."""
    tables: tuple[str, ...] = ()
    """Route tables that it names: an Envoy must have ACKed them, too."""
    scopes: tuple[str, ...] = ()
    """Scopes by which a listener finds its route tables: an Envoy that shares them with others must have them, too."""


class VirtualHost(Value):
    """One encoded envoy.config.route.v3.VirtualHost, framed as an element of RouteConfiguration.virtual_hosts."""

    name: str
    """The domain: `shop.example.com`, `*.example.com` or `*`."""
    frame: bytes
    """Field tag, length and message: a RouteConfiguration is its table's head and these, joined."""
    digest: int
    """128-bit hash of the frame; the sum of a table's digests is what its version is made of."""
    clusters: tuple[str, ...] = ()
    """Sorted names of the clusters that its routes send requests to, mirrors included."""
    refused: tuple[str, ...] = ()
    """Sorted names of those that they would, had this Gateway's Envoys not refused them."""


class RouteTable(Value):
    """A RouteConfiguration without its virtual hosts."""

    name: str
    head: bytes
    """The serialised RouteConfiguration with an empty virtual_hosts."""
    digest: int


class Refused(Value):
    """A resource of some version that an Envoy of the Gateway has refused, with its words."""

    version: str
    words: str
    routes: tuple[Ref, ...] = ()
    """The routes at fault, where that is known."""


class Unserved(Value):
    """What an Envoy said of a port that it refused as it is now."""

    words: str
    of: tuple[Ref, ...] = ()
    """The ListenerSets at fault; without any it is said of all who have the port."""


class ResourceChange(NamedTuple):
    """A resource of one Gateway's snapshot was put or, with None, taken out; never of type ROUTE."""

    gateway: Key
    type: ResourceType
    name: str
    resource: Resource | None


class TableChange(NamedTuple):
    """A route table of one Gateway appeared, changed its head or, with None, went with all its hosts."""

    gateway: Key
    name: str
    table: RouteTable | None


class HostChange(NamedTuple):
    """A virtual host of one route table was put or, with None, taken out."""

    gateway: Key
    table: str
    name: str
    host: VirtualHost | None


DIGESTS = 1 << 128


def digest(body: bytes) -> int:
    """Return the 128-bit content hash of some bytes."""
    return int.from_bytes(blake2b(body, digest_size=16).digest(), "big")


def version(content: int) -> str:
    """Print a digest as a resource version: the same content has the same version in every process."""
    return f"{content % DIGESTS:032x}"


def resource(
    name: str, body: bytes, clusters: Iterable[str] = (), tables: Iterable[str] = (), scopes: Iterable[str] = ()
) -> Resource:
    """Make a resource of an encoded message."""
    names = (tuple(sorted(set(those))) for those in (clusters, tables, scopes))
    return Resource(name, blake2b(body, digest_size=16).hexdigest(), body, *names)


def virtual_host(name: str, frame: bytes, clusters: Iterable[str] = (), refused: Iterable[str] = ()) -> VirtualHost:
    """Make a virtual host of its framed encoding."""
    return VirtualHost(name, frame, digest(frame), tuple(sorted(set(clusters))), tuple(sorted(set(refused))))


def route_table(name: str, head: bytes) -> RouteTable:
    """Make a route table of a RouteConfiguration encoded without virtual hosts."""
    return RouteTable(name, head, digest(head))
