"""Where to send requests to a Gateway that runs on this machine, and the first request to try."""

import shlex
from collections.abc import Iterable
from urllib.parse import urlencode

from translator import ir
from translator.api.gateway import Gateway, ListenerSet
from translator.api.routes import HTTPRoute, HTTPRouteMatch
from translator.attach import hostnames
from translator.ir import ANY_HOST
from translator.status import GatewayStatus, ListenerSetStatus, RouteStatus
from translator.value import Value


class Endpoint(Value):
    """A listener as a client on this machine reaches it."""

    listener: str
    scheme: str
    """The protocol in lower case: http, https, tls, tcp or udp."""
    hostname: str
    """The listener's hostname, or nothing."""
    address: str
    port: int
    listener_port: int

    @property
    def url(self) -> str:
        """The URL of the listener's root."""
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """The address and port as a URL has them."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def endpoints(
    holder: Gateway | ListenerSet, status: GatewayStatus | ListenerSetStatus, placement: ir.Placement
) -> tuple[Endpoint, ...]:
    """Return the programmed listeners of a Gateway or ListenerSet as the Gateway's placement makes them reachable."""
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
            address=placement.addresses[0][1] if placement.addresses else placement.bind,
            port=placement.port(listener.port),
            listener_port=listener.port,
        )
        for listener in holder.spec.listeners
        if listener.name in programmed
    )


def first_request(route: HTTPRoute, status: RouteStatus, endpoints: Iterable[Endpoint]) -> str | None:
    """Return a curl command, on one line, that this route answers; None where no listener accepted it.

    A match by regular expression is passed over: what it matches cannot be told from it.
    """
    if not any(
        condition.type == "Accepted" and condition.status for entry in status.parents for condition in entry.conditions
    ):
        return None
    matches = [match for rule in route.spec.rules for match in rule.matches or (HTTPRouteMatch(),)]
    match = next((match for match in matches if not _has_regex(match)), None)
    sections = {parent.section_name for parent in route.spec.parent_refs}
    for endpoint in (it for it in endpoints if it.scheme in ("http", "https")):
        host = _host(route.spec.hostnames, endpoint.hostname)
        if match is not None and host is not None and (None in sections or endpoint.listener in sections):
            return _curl(endpoint, host, match)
    return None


def _has_regex(match: HTTPRouteMatch) -> bool:
    headers, params = {it.type for it in match.headers}, {it.type for it in match.query_params}
    return "RegularExpression" in {match.path.type} | headers | params


def _host(wanted: Iterable[str], listener: str) -> str | None:
    """Return a host that listener and route have in common: nothing for any, None for none."""
    for hostname in tuple(wanted) or ("",):
        common = hostnames.intersection(hostnames.normal(listener), hostnames.normal(hostname))
        if common is not None:
            return "" if common == ANY_HOST else common.replace("*", "any", 1)
    return None


def _curl(endpoint: Endpoint, host: str, match: HTTPRouteMatch) -> str:
    names = (f"Host: {host}",) if host and endpoint.scheme == "http" else ()
    asked = [f"-X {match.method}"] if match.method else []
    asked += [f"-H {shlex.quote(text)}" for text in (*names, *(f"{it.name}: {it.value}" for it in match.headers))]
    query = urlencode([(it.name, it.value) for it in match.query_params])
    target = f"{match.path.value}?{query}" if query else match.path.value
    if endpoint.scheme == "http":
        return " ".join(("curl", *asked, shlex.quote(f"{endpoint.url}{target}")))
    authority = f"{host}:{endpoint.port}" if host else endpoint.authority
    resolve = [f"--resolve {authority}:{endpoint.address}"] if host else []
    return " ".join(("curl -k", *resolve, *asked, shlex.quote(f"https://{authority}{target}")))
