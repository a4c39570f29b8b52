"""Names of Envoy resources, made from keys alone and unambiguous: different keys never share a name.

Kubernetes names hold no `/` and no upper-case letter, so parts joined by `/` can be told apart, and a part that is a
kind can be told from one that is a name.
"""

from collections.abc import Iterable

from translator import ir
from translator.value import Key, Ref

NO_CLUSTER = "none"
"""Names no cluster, ever (every cluster's name has a `/`): a route to it answers with an error."""

CLIENT_CERTIFICATE = "client-certificate"
"""The secret with the certificate that a Gateway shows to backends (every other secret's name has a `/`)."""

SHARD = 0
"""Route tables are named by shard; this is the one of a table that is not divided."""

HOLD = "hold/"
"""What the names of scopes begin with that no request is in: they keep a table with Envoys."""


def cluster_name(key: ir.ClusterKey) -> str:
    """Name a cluster: `shop/cart/8080`, or `shop/cart/8080/http2` where the protocol is not http1.

    One that is no Service begins with its kind: `XBackend/shop/payments/443`.
    """
    place = f"{key.namespace}/{key.name}/{key.port}"
    if key.kind != "Service":
        place = f"{key.kind}/{place}"
    return place if key.protocol == "http1" else f"{place}/{key.protocol}"


def pool_name(route: Ref) -> str:
    """Name the cluster of all backends of a route: `UDPRoute/shop/dns`, told from others by having no port."""
    return f"{route.kind}/{route.namespace}/{route.name}"


def pooled(cluster: str) -> Ref | None:
    """Return the route whose backends a cluster has; None where it is no pool."""
    kind, *place = cluster.split("/")
    return Ref(kind, *place) if kind in ir.STREAM_ROUTES else None


def listener_name(protocol: str, port: int) -> str:
    """Name the Envoy listener of a Gateway's port: `tcp/443`, or `udp/53`; every protocol but UDP runs over TCP."""
    return f"{'udp' if protocol == 'UDP' else 'tcp'}/{port}"


def table_name(protocol: str, port: int, listener: ir.ListenerKey) -> str:
    """Name a route table within its Gateway: one per port for HTTP, `http/80/0`, and one per listener for the others.

    A Gateway's own listener is `https/443/web/0`, one of a ListenerSet `https/443/ListenerSet/shop/extra/web/0`.
    """
    place = f"{protocol.lower()}/{port}"
    if protocol != "HTTP":
        parent = listener.parent
        place += f"/{listener.name}" if parent.kind == "Gateway" else f"/{'/'.join(parent)}/{listener.name}"
    return f"{place}/{SHARD}"


def shard_name(table: str, shards: int, nth: int) -> str:
    """Name a shard of a route table: `http/80/16.3` is the fourth of 16; a table that is not divided is its own.

    The number of shards is part of the name, so that no host is ever moved between tables that live.
    """
    return table if shards == 1 else f"{_place(table)}/{shards}.{nth}"


def whole_table(name: str) -> str:
    """Name the route table that a shard or a scope belongs to."""
    return f"{_place(name.removeprefix(HOLD))}/{SHARD}"


def scope_name(table: str, key: int) -> str:
    """Name the scope of a route table for the hosts that have a key: `http/80/17`."""
    return f"{_place(table)}/{key}"


def hold_name(shard: str) -> str:
    """Name the scope that keeps a shard with Envoys: `hold/http/80/16.3`."""
    return HOLD + shard


def _place(table: str) -> str:
    return table.rpartition("/")[0]


def quic_name(port: int) -> str:
    """Name the Envoy listener that serves HTTP/3 on a port: `quic/443`; no UDP listener has that port then."""
    return f"quic/{port}"


def misdirected_name(port: int) -> str:
    """Name the internal listener of a port, and the cluster that leads to it, that knows all of its hostnames."""
    return f"misdirected/{port}"


def misdirected_table(port: int) -> str:
    """Name the route table of that listener."""
    return f"{misdirected_name(port)}/{SHARD}"


def rule_name(route: Ref, rule: int | str) -> str:
    """Name a rule of a route, and what its Envoy routes' names begin with: `tcproute/shop/redis/rule/0`."""
    return f"{route.kind.lower()}/{route.namespace}/{route.name}/rule/{rule}"


def statistics_name(route: Ref) -> str:
    """Name what is counted of a route: `httproute/shop/cart`."""
    return f"{route.kind.lower()}/{route.namespace}/{route.name}"


def secret_name(secret: Key) -> str:
    """Name the secret that a Kubernetes Secret becomes: `shop/cart-tls`."""
    return f"{secret.namespace}/{secret.name}"


def authorities_name(authorities: Iterable[Ref]) -> str:
    """Name the secret with the CA certificates of objects: `ca/ConfigMap/shop/ca`, joined by `+` where there are more.

    No other secret's name has a part in upper case.
    """
    return "ca/" + "+".join("/".join(filter(None, it)) for it in authorities)


def chain_name(listener: ir.ListenerKey) -> str:
    """Name a listener's filter chain within its port: its section, after the parent where that is no Gateway."""
    parent = listener.parent
    return listener.name if parent.kind == "Gateway" else f"{'/'.join(parent)}/{listener.name}"


def stream_name(listener: ir.ListenerKey, domain: str) -> str:
    """Name the filter chain for a domain of a listener whose routes move bytes: `tls/shop.example.com`."""
    return f"{chain_name(listener)}/{domain}"
