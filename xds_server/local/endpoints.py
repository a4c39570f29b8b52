"""Where to send requests to a Gateway that runs on this machine, and the first request to try."""

import shlex
from collections.abc import Iterable

from translator import ir
from translator.api.gateway import Gateway
from translator.api.routes import HTTPRoute
from translator.status import GatewayStatus, RouteStatus
from translator.value import Value


class Endpoint(Value):
    """A listener as a client on this machine reaches it."""

    listener: str
    scheme: str
    hostname: str
    """The listener's hostname, or nothing."""
    address: str
    port: int
    listener_port: int

    @property
    def url(self) -> str:
        """The URL of the listener's root."""
        return f"{self.scheme}://{self.address}:{self.port}"


def endpoints(gateway: Gateway, status: GatewayStatus, placement: ir.Placement) -> tuple[Endpoint, ...]:
    """Return the programmed HTTP and HTTPS listeners of a Gateway as its placement makes them reachable."""
    programmed = {
        listener.name
        for listener in status.listeners
        if any(condition.type == "Programmed" and condition.status for condition in listener.conditions)
    }
    return tuple(
        Endpoint(
            listener=listener.name,
            scheme=listener.protocol.lower(),
            hostname=listener.hostname or "",
            address=placement.bind,
            port=placement.port(listener.port),
            listener_port=listener.port,
        )
        for listener in gateway.spec.listeners
        if listener.protocol in ("HTTP", "HTTPS") and listener.name in programmed
    )


def first_request(route: HTTPRoute, status: RouteStatus, endpoints: Iterable[Endpoint]) -> str | None:
    """Return a curl command, on one line, that this route answers; None where no listener accepted it."""
    if not any(
        condition.type == "Accepted" and condition.status for entry in status.parents for condition in entry.conditions
    ):
        return None
    sections = {parent.section_name for parent in route.spec.parent_refs}
    match = route.spec.rules[0].matches[0]
    path = match.path.value if match.path.type != "RegularExpression" else "/"
    for endpoint in endpoints:
        if None not in sections and endpoint.listener not in sections:
            continue
        host = _literal(route.spec.hostnames[0] if route.spec.hostnames else endpoint.hostname)
        return _curl(endpoint, host, path)
    return None


def _literal(hostname: str) -> str:
    return hostname.replace("*", "any", 1)


def _curl(endpoint: Endpoint, host: str, path: str) -> str:
    if endpoint.scheme == "https":
        authority = f"{host or endpoint.address}:{endpoint.port}"
        resolve = f"--resolve {authority}:{endpoint.address} " if host else ""
        return f"curl -k {resolve}{shlex.quote(f'https://{authority}{path}')}"
    header = f"-H {shlex.quote(f'Host: {host}')} " if host else ""
    return f"curl {header}{shlex.quote(f'{endpoint.url}{path}')}"
