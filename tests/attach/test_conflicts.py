from hypothesis import given
from hypothesis import strategies as st

from translator import ir
from translator.api.gateway import FromNamespaces
from translator.api.routes import ParentReference
from translator.attach import conflicts, hostnames
from translator.attach.conditions import Reason
from translator.pieces import Pieces
from translator.value import Key, Ref

EDGE = Key("shop", "edge")
WEB, EXTRA = (ir.ListenerKey(Ref("Gateway", *EDGE), name) for name in ("web", "extra"))


def attachment(key: ir.ListenerKey, *domains: str) -> ir.Attachment:
    listener = ir.Listener(key, EDGE, 80, "HTTP", "*", ir.HTTP_ROUTES, FromNamespaces("All"), "http/80/0")
    return ir.Attachment(listener, tuple((domain, domain) for domain in domains))


def bound(ref: Ref, created: str, *attachments: ir.Attachment) -> ir.Bound:
    bond = ir.Bond(ParentReference("edge"), attachments)
    return ir.Bound(1, ir.Age(created, str(ref.key), ref.kind), (bond,))


def rows(*routes: tuple[str, str, str]) -> tuple[conflicts.Rows, conflicts.Rows]:
    """The groups of one listener, gRPC and HTTP, made of (letter of the kind + name, created, domain)."""
    grpc, http = [], []
    for name, created, domain in routes:
        ref = named(name)
        it = bound(ref, created, attachment(WEB, domain))
        grpc += [(order, domains) for _, order, domains in conflicts.grpc_by_listener(ref, it)]
        http += [(order, domains) for _, order, domains in conflicts.http_by_listener(ref, it)]
    return tuple(sorted(grpc)), tuple(sorted(http))


def lost(*routes: tuple[str, str, str], rejected: tuple[Ref, ...] = ()) -> dict[str, str]:
    grpc, http = rows(*routes)
    refusals = {ref: ir.Refusal(Reason.UNSUPPORTED_VALUE, "") for ref in rejected}
    found = conflicts.losers(WEB, grpc, {WEB: http}, refusals) or {}
    return {ref.name: winner.name for ref, winner in found.items()}


def test_the_older_of_two_kinds_with_a_common_hostname_is_accepted() -> None:
    assert lost(("g", "2026-01-01T00:00:00Z", "a.com"), ("h", "2026-01-02T00:00:00Z", "a.com")) == {"h": "g"}
    assert lost(("g", "2026-01-02T00:00:00Z", "a.com"), ("h", "2026-01-01T00:00:00Z", "a.com")) == {"g": "h"}


def test_of_the_same_age_the_first_by_namespace_and_name_is_accepted() -> None:
    assert lost(("g-b", "", "a.com"), ("h-a", "", "a.com")) == {"h-a": "g-b"}
    assert lost(("g", "", "a.com"), ("h", "", "a.com")) == {"h": "g"}


def test_wildcards_have_hostnames_in_common() -> None:
    for one, other in (("*.a.com", "b.a.com"), ("b.a.com", "*.a.com"), ("*", "b.a.com"), ("*.a.com", "*.b.a.com")):
        assert lost(("g", "1", one), ("h", "2", other)) == {"h": "g"}
    assert lost(("g", "1", "*.a.com"), ("h", "2", "a.com")) == {}


def test_routes_of_one_kind_share_hostnames() -> None:
    assert lost(("g1", "1", "a.com"), ("g2", "2", "a.com")) == {}
    assert lost(("h1", "1", "a.com"), ("h2", "2", "a.com")) == {}


def test_a_rejected_route_rejects_nobody() -> None:
    assert lost(("g1", "1", "a.com"), ("h", "2", "*.com"), ("g2", "3", "b.com")) == {"h": "g1"}


def test_a_route_that_is_not_accepted_anyway_rejects_nobody_that_is() -> None:
    bad = Ref("HTTPRoute", "shop", "h")
    assert lost(("h", "1", "a.com"), ("g", "2", "a.com"), rejected=(bad,)) == {"h": "g"}


def test_a_listener_with_one_kind_has_no_row() -> None:
    grpc, _ = rows(("g", "1", "a.com"))
    assert conflicts.losers(WEB, grpc, {}, {}) is None


NAMES = st.sampled_from(["*", "*.com", "a.com", "b.com", "*.a.com", "x.a.com"])


@given(st.lists(st.tuples(st.sampled_from("gh"), NAMES), max_size=8))
def test_taken_by_age_a_route_loses_to_an_accepted_one_of_the_other_kind(drawn: list[tuple[str, str]]) -> None:
    routes = [(f"{kind}{number}", f"{number:02}", name) for number, (kind, name) in enumerate(drawn)]
    accepted: list[tuple[str, str]] = []
    expected = set()
    for name, _, domain in routes:
        if any(it[0] != name[0] and hostnames.intersection(other, domain) for it, other in accepted):
            expected.add(name)
        else:
            accepted.append((name, domain))
    assert set(lost(*routes)) == expected
    grpc, http = rows(*routes)
    pieces = Pieces(tuple(http[at : at + 2] for at in range(0, len(http), 2)))
    assert set(conflicts.losers(WEB, grpc, {WEB: pieces}, {}) or {}) == {named(name) for name in expected}


def named(name: str) -> Ref:
    return Ref("GRPCRoute" if name[0] == "g" else "HTTPRoute", "shop", name)


H, G = Ref("HTTPRoute", "shop", "h"), Ref("GRPCRoute", "shop", "g")


def test_a_route_that_lost_nowhere_stays_as_it_is() -> None:
    it = bound(H, "", attachment(WEB, "a.com"))
    assert conflicts.settle(H, it, {}) is it
    assert conflicts.settle(H, it, {WEB: {Ref("HTTPRoute", "shop", "other"): G}}) is it


def test_a_route_that_lost_one_listener_keeps_the_other() -> None:
    it = bound(H, "", attachment(WEB, "a.com"), attachment(EXTRA, "a.com"))
    (bond,) = conflicts.settle(H, it, {WEB: {H: G}}).bonds
    assert bond == ir.Bond(ParentReference("edge"), (attachment(EXTRA, "a.com"),))


def test_a_route_that_lost_every_listener_is_refused() -> None:
    it = bound(H, "", attachment(WEB, "a.com"))
    (bond,) = conflicts.settle(H, it, {WEB: {H: G}}).bonds
    assert bond.attachments == ()
    assert bond.refusal == ir.Refusal(
        Reason.NOT_ALLOWED_BY_LISTENERS,
        "a hostname belongs to HTTPRoutes or to GRPCRoutes, and here to the older route: "
        "on listener web to GRPCRoute shop/g",
    )
