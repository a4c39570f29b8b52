"""Routes of all kinds: their rules resolved, independent of where they are attached."""

from collections.abc import Iterator
from functools import partial
from typing import assert_never

from translator import ir
from translator.api import routes as api
from translator.api.core import Service
from translator.attach import backends, filters, matches, rules, streams
from translator.attach.grants import Grants
from translator.attach.policies import Targeting
from translator.attach.rules import Rule
from translator.attach.traffic import Handling
from translator.attach.xbackends import Backing
from translator.value import NO_ROWS, Key, Lookup, Ref
from translator.xds.names import rule_name


def resolve(
    ref: Ref,
    route: api.Route,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, Targeting],
    backings: Lookup[Key, Backing] = NO_ROWS,
    handled: Lookup[Ref, Handling] = NO_ROWS,
) -> ir.Resolved | None:
    """Resolve a route: what it does, which of its references lead nowhere and which rules cannot be served."""
    match route:
        case api.HTTPRoute():
            written = list(_http_rules(ref, route))
        case api.GRPCRoute():
            written = list(_grpc_rules(ref, route))
        case api.TLSRoute() | api.TCPRoute() | api.UDPRoute():
            resolved = partial(backends.resolve, home=ref, services=services, granted=granted, backings=backings)
            return streams.resolve(route, partial(resolved, targeted=targeted), partial(resolved, targeted={}))
        case _:
            assert_never(route)
    outcomes = [rules.resolve(it, ref, services, granted, targeted, backings, handled) for it in written]
    invalid = tuple(it.invalid for it in outcomes if it.invalid is not None)
    return ir.Resolved(
        tuple(made for it in outcomes for made in it.routes),
        tuple(refusal for it in outcomes for refusal in it.refusals),
        invalid,
        valid=not invalid or len(invalid) < len(outcomes),
    )


def rejected(_: Ref, resolved: ir.Resolved) -> ir.Refusal | None:
    """Return why a route is not Accepted wherever it is attached: none of its rules can be served as written."""
    return None if resolved.valid else resolved.invalid[0]


def _http_rules(ref: Ref, route: api.HTTPRoute) -> Iterator[Rule]:
    for number, rule in enumerate(route.spec.rules):
        yield Rule(
            place=_place(number, rule.name),
            name=rule_name(ref, number),
            constant=rule_name(ref, rule.name or number),
            matches=tuple(matches.of_http(it) for it in rule.matches or (api.HTTPRouteMatch(),)),
            filters=rule.filters,
            backends=rule.backend_refs,
            error=rules.FAILED,
            timeouts=rule.timeouts or api.HTTPRouteTimeouts(),
            retry=rule.retry,
            persistence=rule.session_persistence,
        )


def _grpc_rules(ref: Ref, route: api.GRPCRoute) -> Iterator[Rule]:
    for number, rule in enumerate(route.spec.rules):
        yield Rule(
            place=_place(number, rule.name),
            name=rule_name(ref, number),
            constant=rule_name(ref, rule.name or number),
            matches=tuple(matches.of_grpc(it) for it in rule.matches or (api.GRPCRouteMatch(),)),
            filters=filters.from_grpc(rule.filters),
            backends=tuple(_http_backend(it) for it in rule.backend_refs),
            error=rules.UNAVAILABLE,
            persistence=rule.session_persistence,
        )


def _http_backend(ref: api.GRPCBackendRef) -> api.HTTPBackendRef:
    return api.HTTPBackendRef(
        ref.name, ref.group, ref.kind, ref.namespace, ref.port, ref.weight, filters.from_grpc(ref.filters)
    )


def _place(number: int, name: str | None) -> str:
    return f"rules[{number}] ({name})" if name else f"rules[{number}]"
