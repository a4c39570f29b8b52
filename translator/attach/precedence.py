"""Which of two matches is tried first, as HTTPRouteRule.matches and GRPCRouteRule.matches say.

A rank is a tuple whose smaller one goes first. Hostnames come before ranks, age and the order of rules after them;
TLSRoutes have hostnames alone.
"""

from translator import ir
from translator.api.routes import GRPCMethodMatch
from translator.value import Ref

_EXACT, _REGEX, _PREFIX = range(3)
_NAMED, _BY_REGEX, _ANY = range(3)


def of_http(match: ir.Match) -> tuple[int, ...]:
    """Rank an HTTPRoute's match: exact path, longest prefix, method, most headers, most query parameters.

    The specification leaves the place of regular expressions open: they come after exact paths and before prefixes,
    the longer expression first, because whoever writes one means something more particular than a prefix.
    """
    match match.path.kind:
        case "exact":
            path = (_EXACT, 0)
        case "regex":
            path = (_REGEX, -len(match.path.value))
        case _:
            path = (_PREFIX, -len(match.path.value))
    return (*path, 0 if match.method else 1, -len(match.headers), -len(match.query_params))


def of_grpc(method: GRPCMethodMatch | None, headers: int) -> tuple[int, ...]:
    """Rank a GRPCRoute's match: most characters of the service, then of the method, then most headers.

    A regular expression counts its own characters, but comes after every exact name.
    """
    method = method or GRPCMethodMatch()
    regex = method.type != "Exact"
    return (*_name(method.service, regex), *_name(method.method, regex), -headers)


def of_hostname(ref: Ref, age: ir.Age, hostname: str) -> ir.Member:
    """Rank a route by a hostname as it wrote it: characters where it is exact, characters, age."""
    characters = 0 if hostname == ir.ANY_HOST else -len(hostname)
    wildcard = hostname.startswith("*") or not hostname
    return ir.Member(0 if wildcard else characters, characters, age, ref)


def _name(name: str | None, regex: bool) -> tuple[int, int]:
    if not name:
        return _ANY, 0
    return _BY_REGEX if regex else _NAMED, -len(name)
