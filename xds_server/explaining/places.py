"""Where a request arrives: the listener, the filter chain that its SNI chooses, the route table, the virtual host."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from envoy.extensions.filters.network.http_connection_manager.v3.http_connection_manager_pb2 import (
    HttpConnectionManager,
)

from xds_server.explaining.request import Request

CONNECTION_MANAGER = "envoy.filters.network.http_connection_manager"
T = TypeVar("T")


class Chain(NamedTuple):
    """A filter chain: what its SNI is and what serves it."""

    name: str
    names: tuple[str, ...]
    """Server names that lead here; none where any does."""
    manager: Any
    """The HttpConnectionManager; None where the chain speaks no HTTP."""
    filters: Any


def chain_for(listener: Any, request: Request) -> Chain | None:
    """Return the filter chain that Envoy chooses for the server name; None where the connection is closed."""
    names: dict[str, Any] = {}
    for chain in listener.filter_chains:
        for name in chain.filter_chain_match.server_names or ("",):
            names.setdefault(name, chain)
    found = next((names[name] for name in server_names(request.server_name) if name in names), None)
    if found is None and listener.HasField("default_filter_chain"):
        found = listener.default_filter_chain
    return None if found is None else _chain(found)


def chains(listener: Any) -> Iterable[Chain]:
    """Every filter chain of a listener."""
    return map(_chain, listener.filter_chains)


def _chain(chain: Any) -> Chain:
    manager = None
    for it in chain.filters:
        if it.name == CONNECTION_MANAGER:
            manager = HttpConnectionManager.FromString(it.typed_config.value)
    return Chain(chain.name, tuple(chain.filter_chain_match.server_names), manager, chain.filters)


def server_names(name: str) -> Iterable[str]:
    """What a server name is looked up as, the most specific first: `a.b.c`, `*.b.c`, `*.c`, and anything."""
    if name:
        yield name
        labels = name.split(".")
        for nth in range(1, len(labels)):
            yield ".".join(("*", *labels[nth:]))
    yield ""


def host_for(domains: Mapping[str, T], host: str) -> T | None:
    """Return what stands for the most specific domain that a host has: itself, the longest wildcard, any."""
    if host in domains:
        return domains[host]
    suffixes = [domain for domain in domains if domain[:1] == "*" and domain != "*" and _ends(host, domain[1:])]
    longest = max(suffixes, key=len, default="*")
    return domains.get(longest)


def _ends(host: str, suffix: str) -> bool:
    """Whether a wildcard's suffix ends a host and leaves something for the wildcard."""
    return len(host) > len(suffix) and host.endswith(suffix)
