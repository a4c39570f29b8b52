"""Rules: matches, filters and backends become routes; a rule that cannot be served as written answers with an error.

Source: gateway-api v1.7.0, apis/v1/httproute_types.go and grpcroute_types.go (HTTPRouteRule, GRPCRouteRule).
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import msgspec

from translator import ir
from translator.api import routes as api
from translator.api.core import Service
from translator.attach import authorization, backends, durations, filters, precedence, sessions, xbackends
from translator.attach.conditions import Reason
from translator.attach.filters import Filters
from translator.attach.grants import Grants
from translator.attach.matches import Ranked
from translator.attach.policies import Targeting
from translator.attach.traffic import Handling
from translator.attach.xbackends import Backing
from translator.value import NO_ROWS, Key, Lookup, Ref, Value

FAILED = 500
"""What HTTP clients get where there is nothing to forward to."""

REQUEST_METHOD = "access-control-request-method"
"""In which header a preflight tells the method of the request that it is for."""

UNAVAILABLE = 503
"""The same for gRPC clients: Envoy tells them UNAVAILABLE."""


Resolve: TypeAlias = Callable[..., ir.ClusterKey | ir.Refusal]
"""`backends.resolve` with all but the reference, and what it is spoken to as."""

Keep: TypeAlias = Callable[..., ir.Session | None]
"""Which session is kept with a backend, given that of the rule."""


class Rule(Value):
    """What the rules of HTTPRoutes and GRPCRoutes have in common."""

    place: str
    """`rules[0]`, and its name if it has one: for messages."""
    name: str
    """What the names of its routes begin with."""
    constant: str
    """The same, but by the rule's own name if it has one: what clients are told, and rules before it do not change."""
    matches: tuple[Ranked | ir.Refusal, ...]
    filters: tuple[api.HTTPRouteFilter, ...]
    backends: tuple[api.HTTPBackendRef, ...]
    error: int
    """What is answered where there is nothing to forward to."""
    timeouts: api.HTTPRouteTimeouts = api.HTTPRouteTimeouts()
    retry: api.HTTPRouteRetry | None = None
    persistence: api.SessionPersistence | None = None


class Outcome(Value):
    """What became of a rule."""

    routes: tuple[ir.Route, ...]
    refusals: tuple[ir.Refusal, ...]
    invalid: ir.Refusal | None


class Target(Value):
    """A backendRef with a share of the traffic, and what its own filters ask for."""

    backend: ir.Backend
    filters: Filters
    mirrors: tuple[ir.Mirror, ...]

    @property
    def needs_a_route(self) -> bool:
        """Whether its filters are more than a share of a route's traffic can have in Envoy."""
        return bool(self.mirrors) or not self.filters.header_changes_alone


class Plan(Value):
    """A rule that can be served, but for its matches."""

    filters: Filters
    targets: tuple[Target, ...]
    forward: ir.Forward
    """All of it but the backends."""
    error: int


def resolve(
    rule: Rule,
    home: Ref,
    services: Lookup[Key, Service],
    granted: Lookup[str, Grants],
    targeted: Lookup[Key, Targeting],
    backings: Lookup[Key, Backing] = NO_ROWS,
    handled: Lookup[Ref, Handling] = NO_ROWS,
) -> Outcome:
    """Resolve one rule of the route `home`; its references are reported even if the rule is invalid."""
    refusals: list[ir.Refusal] = []
    resolved = partial(
        backends.resolve, home=home, services=services, granted=granted, targeted=targeted, backings=backings
    )
    plan = _plan(rule, resolved, partial(_session, rule, backings, handled), refusals)
    fault = next((it for it in (plan, *rule.matches) if isinstance(it, ir.Refusal)), None)
    routes: list[ir.Route] = []
    for number, it in enumerate(rule.matches):
        if isinstance(it, Ranked):
            name = f"{rule.name}/match/{number}"
            if isinstance(plan, Plan) and fault is None:
                made = tuple(_routes(name, it, plan))
                routes += (*made, *(_preflight(route) for route in made if _is_hidden_from_preflights(route)))
            else:
                routes.append(ir.Route(name, it.rank, it.match, ir.Respond(rule.error)))
    invalid = None if fault is None else ir.Refusal(fault.reason, f"{rule.place}: {fault.message}")
    return Outcome(tuple(routes), tuple(refusals), invalid)


def _plan(rule: Rule, resolved: Resolve, kept: Keep, refusals: list[ir.Refusal]) -> Plan | ir.Refusal:
    """Read all of a rule but its matches; references that do not resolve are added to the refusals."""
    mirrors = _mirrors(rule.filters, resolved, refusals)
    session = None if rule.persistence is None else sessions.read(rule.persistence)
    own = session if isinstance(session, ir.Session) else None
    targets = [_target(it, resolved, partial(kept, own), refusals) for it in rule.backends]
    refusals += _extensions(rule.filters)
    asked, forward = _authorized(filters.read(rule.filters), rule, resolved, refusals), _forward(rule)
    for it in (asked, forward, session, *targets):
        if isinstance(it, ir.Refusal):
            return it
    good = tuple(it for it in targets if isinstance(it, Target))
    assert isinstance(asked, Filters)
    assert isinstance(forward, ir.Forward)
    if any(it.replaces_prefix for it in (asked, *(it.filters for it in good))) and any(
        isinstance(it, Ranked) and it.match.path.kind != "prefix" for it in rule.matches
    ):
        return ir.Refusal(Reason.UNSUPPORTED_VALUE, "replacePrefixMatch needs matches of type PathPrefix alone")
    forward = msgspec.structs.replace(_rewritten(forward, asked), mirrors=mirrors)
    return Plan(asked, tuple(it for it in good if it.backend.weight), forward, rule.error)


def _authorized(
    asked: Filters | ir.Refusal, rule: Rule, resolved: Resolve, refusals: list[ir.Refusal]
) -> Filters | ir.Refusal:
    """Say which cluster authorizes; with a reference that leads nowhere nothing is authorized."""
    found = None
    for it in rule.filters:
        if it.external_auth is not None:
            spoken_as = authorization.SPOKEN_AS.get(it.external_auth.protocol, "")
            found = resolved(it.external_auth.backend_ref, spoken_as=spoken_as)
    if isinstance(found, ir.Refusal):
        refusals.append(found)
    if isinstance(asked, ir.Refusal) or asked.authorization is None or not isinstance(found, ir.ClusterKey):
        return asked
    return msgspec.structs.replace(asked, authorization=msgspec.structs.replace(asked.authorization, cluster=found))


def _target(ref: api.HTTPBackendRef, resolved: Resolve, kept: Keep, refusals: list[ir.Refusal]) -> Target | ir.Refusal:
    """Resolve a backendRef; one that leads nowhere keeps its share of the traffic, as an error."""
    found = resolved(ref)
    if isinstance(found, ir.Refusal):
        refusals.append(found)
    cluster = None if isinstance(found, ir.Refusal) else found
    mirrors = _mirrors(ref.filters, resolved, refusals)
    refusals += _extensions(ref.filters)
    asked = filters.read(ref.filters)
    if isinstance(asked, ir.Refusal):
        return ir.Refusal(asked.reason, f"backendRef {ref.name}: {asked.message}")
    if asked.authorization is not None:
        message = f"backendRef {ref.name}: filter ExternalAuth is supported on rules, not on backendRefs"
        return ir.Refusal(Reason.UNSUPPORTED_VALUE, message)
    session = None if cluster is None else kept(cluster)
    return Target(ir.Backend(cluster, ref.weight, asked.request, asked.response, session), asked, mirrors)


def _session(
    rule: Rule,
    backings: Lookup[Key, Backing],
    handled: Lookup[Ref, Handling],
    own: ir.Session | None,
    cluster: ir.ClusterKey,
) -> ir.Session | None:
    """Return the session that is kept with a backend: its own before the rule's, and that before its policy's."""
    place = Ref(cluster.kind, cluster.namespace, cluster.name)
    backing = backings.get(place.key) if cluster.kind == xbackends.KIND else None
    if backing is not None and backing.session is not None:
        return sessions.of_backend(backing.session, str(place), cluster)
    if own is not None:
        return sessions.of_backend(own, rule.constant, cluster)
    handling = handled.get(place)
    return None if handling is None else sessions.of_backend(handling.session, str(place), cluster)


def _mirrors(
    written: tuple[api.HTTPRouteFilter, ...], resolved: Resolve, refusals: list[ir.Refusal]
) -> tuple[ir.Mirror, ...]:
    """Resolve where requests are mirrored to; a reference that leads nowhere is dropped and reported."""
    mirrors = []
    for it in written:
        if it.type != "RequestMirror" or it.request_mirror is None:
            continue
        cluster = resolved(it.request_mirror.backend_ref)
        if isinstance(cluster, ir.Refusal):
            refusals.append(cluster)
            continue
        mirror = ir.Mirror(cluster, *_share(it.request_mirror))
        if mirror.numerator:
            mirrors.append(mirror)
    return tuple(mirrors)


def _extensions(written: tuple[api.HTTPRouteFilter, ...]) -> Iterator[ir.Refusal]:
    """Report references to filters of other kinds: there is none that we know."""
    for it in written:
        if it.extension_ref is not None:
            target = it.extension_ref
            message = f"filter ExtensionRef names {target.kind}.{target.group} {target.name}: its kind is not supported"
            yield ir.Refusal(Reason.INVALID_KIND, message)


def _share(mirror: api.HTTPRequestMirrorFilter) -> tuple[int, int]:
    if mirror.fraction is not None:
        return mirror.fraction.numerator, mirror.fraction.denominator
    return (100 if mirror.percent is None else mirror.percent), 100


def _forward(rule: Rule) -> ir.Forward | ir.Refusal:
    """Read timeouts and retries."""
    written = (rule.timeouts.request, rule.timeouts.backend_request, rule.retry.backoff if rule.retry else None)
    read = [None if it is None else durations.milliseconds(it) for it in written]
    for text, value in zip(written, read, strict=True):
        if text is not None and value is None:
            return ir.Refusal(Reason.UNSUPPORTED_VALUE, f"{text!r} is not a duration")
    request, backend, backoff = read
    retry = None
    if rule.retry is not None:
        retry = ir.Retry(1 if rule.retry.attempts is None else rule.retry.attempts, rule.retry.codes, backoff)
    return ir.Forward((), request_timeout=request, backend_timeout=backend, retry=retry)


def _routes(name: str, ranked: Ranked, plan: Plan) -> Iterator[ir.Route]:
    """Make the routes of one match: one, unless backends have filters that only a route can have in Envoy."""
    if plan.filters.redirect is not None or not any(it.needs_a_route for it in plan.targets):
        yield _route(name, ranked, ranked.match, plan, plan.targets)
        return
    total, so_far = sum(it.backend.weight for it in plan.targets), 0
    for number, target in enumerate(plan.targets):
        so_far += target.backend.weight
        share = 0 if so_far == total else round(ir.SHARES * so_far / total)
        match = msgspec.structs.replace(ranked.match, share=share)
        yield _route(f"{name}/backend/{number}", ranked, match, plan, (target,))


def _is_hidden_from_preflights(route: ir.Route) -> bool:
    """Whether browsers ask for leave with a request that this route, which has leave to give, does not match."""
    return route.cors is not None and (route.match.method not in ("", "OPTIONS") or bool(route.match.headers))


def _preflight(route: ir.Route) -> ir.Route:
    """Make the route that answers a CORS preflight: OPTIONS, the method in a header, and no headers of the app's own.

    Source: https://fetch.spec.whatwg.org/#cors-preflight-fetch
    """
    method = (
        ir.Named(REQUEST_METHOD, route.match.method) if route.match.method else ir.Named(REQUEST_METHOD, ".+", True)
    )
    match = msgspec.structs.replace(route.match, method="OPTIONS", headers=(method,))
    return msgspec.structs.replace(route, name=f"{route.name}/preflight", rank=precedence.of_http(match), match=match)


def _route(name: str, ranked: Ranked, match: ir.Match, plan: Plan, targets: tuple[Target, ...]) -> ir.Route:
    asked = plan.filters
    own = targets[0].filters if len(targets) == 1 else filters.NO_FILTERS
    action = _action(plan, targets, own)
    changes = (own.request, own.response) if isinstance(action, ir.Redirect) else (ir.NO_CHANGES, ir.NO_CHANGES)
    return ir.Route(
        name,
        ranked.rank,
        match,
        action,
        _joined(asked.request, changes[0]),
        _joined(asked.response, changes[1]),
        own.cors or asked.cors,
        asked.authorization,
    )


def _action(plan: Plan, targets: tuple[Target, ...], own: Filters) -> ir.Action:
    if plan.filters.redirect is not None:
        return plan.filters.redirect
    if all(it.backend.cluster is None for it in targets):
        return ir.Respond(plan.error)
    if own.redirect is not None:
        return own.redirect
    mirrors = plan.forward.mirrors + (targets[0].mirrors if len(targets) == 1 else ())
    backends = tuple(it.backend for it in targets)
    return msgspec.structs.replace(_rewritten(plan.forward, own), backends=backends, mirrors=mirrors)


def _rewritten(forward: ir.Forward, asked: Filters) -> ir.Forward:
    """Apply a URLRewrite; a backendRef's own stands before its rule's, for the Host and for the path."""
    if asked.rewrite is None:
        return forward
    hostname, path = asked.rewrite.hostname or forward.hostname, asked.rewrite.path or forward.path
    return msgspec.structs.replace(forward, hostname=hostname, path=path)


def _joined(one: ir.HeaderChanges, other: ir.HeaderChanges) -> ir.HeaderChanges:
    if other == ir.NO_CHANGES:
        return one
    return ir.HeaderChanges(one.set + other.set, one.add + other.add, one.remove + other.remove)
