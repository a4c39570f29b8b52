from typing import Any

import pytest

from tests.builders import build, http_route, meta, service
from translator import ir
from translator.api.experimental import XBackendTrafficPolicy
from translator.attach import clusters, routes, traffic
from translator.attach.conditions import Reason
from translator.attach.traffic import Handling
from translator.attach.xbackends import Backing
from translator.value import Key, Ref

CART = Ref("Service", "shop", "cart")
PAY = Ref("XBackend", "shop", "pay")
POLICY, OTHER = Key("shop", "policy"), Key("shop", "other")
ROUTE = Ref("HTTPRoute", "shop", "route")
TO_CART = {"name": "cart", "port": 8080}
TO_PAY = {"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": "pay"}
EDGE = Key("shop", "edge")


def policy(name: str = "policy", created: str = "", **spec: Any) -> XBackendTrafficPolicy:
    targets = [{"group": "", "kind": "Service", "name": "cart"}]
    return build(meta(name, creationTimestamp=created), {"targetRefs": targets, **spec}, XBackendTrafficPolicy)


def test_a_budget_of_retries_is_twenty_percent_unless_it_says_otherwise() -> None:
    assert traffic.judge(POLICY, policy(retryConstraint={})) == Handling(ir.RetryBudget(20, 10_000, 10))
    written = {"budget": {"percent": 0, "interval": "1m"}, "minRetryRate": {"count": 1, "interval": "2s"}}
    assert traffic.judge(POLICY, policy(retryConstraint=written)) == Handling(ir.RetryBudget(0, 60_000, 1))


@pytest.mark.parametrize("written", [{"budget": {"interval": "x"}}, {"minRetryRate": {"interval": "0s"}}])
def test_a_budget_over_no_interval_is_refused(written: dict[str, Any]) -> None:
    refusal = traffic.judge(POLICY, policy(retryConstraint=written)).refusal
    assert refusal is not None
    assert refusal.reason is Reason.UNSUPPORTED_VALUE


def test_what_is_refused_in_part_is_not_done() -> None:
    found = traffic.judge(POLICY, policy(retryConstraint={}, sessionPersistence={"absoluteTimeout": "1h"}))
    assert found.budget is None
    assert found.refusal is not None


def test_the_older_policy_holds_for_a_backend_and_then_the_first_by_name() -> None:
    rows = [
        (order, key)
        for name, created in (("policy", "2026-01-02T00:00:00Z"), ("other", "2026-01-02T00:00:00Z"), ("old", "2026"))
        for _, order, key in traffic.by_target(Key("shop", name), policy(name, created))
    ]
    assert [key.name for _, key in sorted(rows)] == ["old", "other", "policy"]
    claims = tuple(sorted(rows))
    held = Handling(ir.RetryBudget(1, 1, 1))
    assert traffic.settle(CART, claims, {Key("shop", "old"): held, POLICY: Handling()}) == held


def test_a_target_is_a_service_or_an_xbackend() -> None:
    targets = [
        {"group": "", "kind": "Service", "name": "cart"},
        {"group": "gateway.networking.x-k8s.io", "kind": "XBackend", "name": "pay"},
        {"group": "example.com", "kind": "Service", "name": "odd"},
    ]
    assert [it for it, _, _ in traffic.by_target(POLICY, policy(targetRefs=targets))] == [CART, PAY]


def test_a_cluster_has_the_budget_of_its_backend() -> None:
    key = ir.ClusterKey("shop", "cart", 8080)
    budget = ir.RetryBudget(20, 10_000, 10)
    rows = {CART.key: service("cart")}
    reached = clusters.reach(False, "name", ((ROUTE, key),), rows, {}, {}, {CART: Handling(budget)})
    assert reached == ir.Cluster("name", key, budget=budget)


@pytest.mark.parametrize(
    ("backend", "rule", "cookie"),
    [
        (TO_CART, {}, "policy"),
        (TO_CART, {"sessionPersistence": {"cookie": {"name": "rule"}}}, "rule"),
        (TO_PAY, {"sessionPersistence": {"cookie": {"name": "rule"}}}, "backend"),
    ],
)
def test_a_backends_own_session_goes_first_then_the_rules_then_the_policys(
    backend: dict[str, Any], rule: dict[str, Any], cookie: str
) -> None:
    handled = {place: Handling(session=ir.Session(cookie="policy")) for place in (CART, PAY)}
    backings = {PAY.key: Backing(80, "", host="a.com", session=ir.Session(cookie="backend"))}
    route = http_route({"backendRefs": [backend], **rule})
    found = routes.resolve(ROUTE, route, {CART.key: service("cart")}, {}, {}, backings, handled)
    assert found is not None
    action = found.routes[0].action
    assert isinstance(action, ir.Forward)
    assert action.backends[0].session == ir.Session(cookie=cookie)


def test_a_policy_is_told_of_by_each_gateway_that_uses_a_target() -> None:
    judged = {POLICY: Handling()}
    claimed = {CART: ((("", POLICY), POLICY),)}
    told = traffic.of_policy(POLICY, policy(), judged, claimed, {CART.key: service()}, {}, {CART.key: (EDGE,)}, {})
    assert told is not None
    [ancestor] = told.ancestors
    assert (ancestor.parent_ref.namespace, ancestor.parent_ref.name) == EDGE
    assert [(it.type, it.status, it.reason) for it in ancestor.conditions] == [("Accepted", True, "Accepted")]
    assert traffic.of_policy(POLICY, policy(), judged, claimed, {CART.key: service()}, {}, {}, {}) is None


@pytest.mark.parametrize(
    ("claimed", "services", "reason"),
    [
        ({CART: ((("", OTHER), OTHER), (("", POLICY), POLICY))}, {CART.key: service()}, "Conflicted"),
        ({CART: ((("", POLICY), POLICY),)}, {}, "TargetNotFound"),
    ],
)
def test_a_policy_that_does_not_hold_is_told_why(claimed: Any, services: Any, reason: str) -> None:
    users = {CART.key: (EDGE,)}
    told = traffic.of_policy(POLICY, policy(), {POLICY: Handling()}, claimed, services, {}, users, {})
    assert told is not None
    assert [(it.type, it.status, it.reason) for it in told.ancestors[0].conditions] == [("Accepted", False, reason)]
