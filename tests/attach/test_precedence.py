from functools import cmp_to_key

from hypothesis import given
from hypothesis import strategies as st

from translator import ir
from translator.api.routes import GRPCMethodMatch
from translator.attach import precedence

paths = st.builds(ir.Path, st.sampled_from(["exact", "prefix"]), st.sampled_from(["/", "/a", "/ab", "/a/b", "/a/b/c"]))


def named(count: int) -> tuple[ir.Named, ...]:
    return tuple(ir.Named(f"n{number}", "v") for number in range(count))


http_matches = st.builds(
    lambda path, method, headers, params: ir.Match(path, method, named(headers), named(params)),
    paths,
    st.sampled_from(["", "GET"]),
    st.integers(0, 3),
    st.integers(0, 3),
)


def compare_http(one: ir.Match, other: ir.Match) -> int:
    """The criteria of HTTPRouteRule.matches one after the other, continuing on ties; -1 where `one` goes first."""
    if (one.path.kind == "exact") != (other.path.kind == "exact"):
        return -1 if one.path.kind == "exact" else 1
    if one.path.kind == "prefix" and len(one.path.value) != len(other.path.value):
        return -1 if len(one.path.value) > len(other.path.value) else 1
    if bool(one.method) != bool(other.method):
        return -1 if one.method else 1
    if len(one.headers) != len(other.headers):
        return -1 if len(one.headers) > len(other.headers) else 1
    if len(one.query_params) != len(other.query_params):
        return -1 if len(one.query_params) > len(other.query_params) else 1
    return 0


@given(st.lists(http_matches))
def test_http_matches_are_ordered_as_the_specification_says(matches: list[ir.Match]) -> None:
    assert sorted(matches, key=precedence.of_http) == sorted(matches, key=cmp_to_key(compare_http))


def test_a_regular_expression_stands_between_exact_paths_and_prefixes() -> None:
    exact, long_, short, prefix = (
        ir.Match(ir.Path(kind, value))
        for kind, value in (("exact", "/a"), ("regex", "/a.*"), ("regex", "/.*"), ("prefix", "/a/long/prefix"))
    )
    assert sorted((prefix, short, long_, exact), key=precedence.of_http) == [exact, long_, short, prefix]


names = st.sampled_from([None, "a", "ab", "abc"])
grpc_matches = st.tuples(st.builds(GRPCMethodMatch, st.just("Exact"), names, names), st.integers(0, 3))


def compare_grpc(one: tuple[GRPCMethodMatch, int], other: tuple[GRPCMethodMatch, int]) -> int:
    """The criteria of GRPCRouteRule.matches: the largest number of characters of service, method, then headers."""
    for mine, theirs in (
        (len(one[0].service or ""), len(other[0].service or "")),
        (len(one[0].method or ""), len(other[0].method or "")),
        (one[1], other[1]),
    ):
        if mine != theirs:
            return -1 if mine > theirs else 1
    return 0


@given(st.lists(grpc_matches))
def test_grpc_matches_are_ordered_as_the_specification_says(matches: list[tuple[GRPCMethodMatch, int]]) -> None:
    assert sorted(matches, key=lambda it: precedence.of_grpc(*it)) == sorted(matches, key=cmp_to_key(compare_grpc))


def test_an_exact_service_goes_before_a_longer_regular_expression() -> None:
    exact = precedence.of_grpc(GRPCMethodMatch("Exact", "shop.Cart"), 0)
    regex = precedence.of_grpc(GRPCMethodMatch("RegularExpression", "shop[.](Cart|Basket)"), 3)
    anything = precedence.of_grpc(None, 3)
    assert exact < regex < anything
