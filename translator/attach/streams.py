"""TLSRoutes, TCPRoutes and UDPRoutes: the backends of their one rule.

Source: gateway-api v1.7.0, apis/v1/{tlsroute,tcproute,udproute}_types.go.
"""

from translator import ir
from translator.api import routes as api
from translator.attach.ages import age
from translator.attach.rules import Resolve
from translator.value import Ref

StreamRoute = api.TLSRoute | api.TCPRoute | api.UDPRoute


def resolve(ref: Ref, route: StreamRoute, resolved: Resolve, sealed: Resolve) -> ir.Resolved:
    """Resolve a route's backends: as they are, and `sealed` for TLS that is passed through.

    Nothing tells the connections of two rules apart, so that of several, as older versions allow, the first counts.
    """
    written = route.spec.rules[0].backend_refs if route.spec.rules else ()
    stream = _stream(written, resolved)
    return ir.Resolved(
        age(ref, route),
        (),
        stream.refusals,
        stream=stream,
        sealed=_stream(written, sealed) if isinstance(route, api.TLSRoute) else None,
    )


def _stream(written: tuple[api.BackendRef, ...], resolved: Resolve) -> ir.Stream:
    """A backend that leads nowhere keeps its share of the connections, which are refused."""
    found = [(it.weight, resolved(it)) for it in written]
    return ir.Stream(
        tuple(ir.Backend(None if isinstance(it, ir.Refusal) else it, weight) for weight, it in found),
        tuple(it for _, it in found if isinstance(it, ir.Refusal)),
    )
