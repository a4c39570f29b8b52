from typing import Any

import msgspec
import pytest

from translator import ir
from translator.api.routes import GRPCRouteMatch, HTTPRouteMatch
from translator.attach import matches
from translator.attach.conditions import Reason

ROOT = ir.Path("prefix", "/")


def http(**document: Any) -> matches.Ranked | ir.Refusal:
    return matches.of_http(msgspec.convert(document, HTTPRouteMatch))


def grpc(**document: Any) -> matches.Ranked | ir.Refusal:
    return matches.of_grpc(msgspec.convert(document, GRPCRouteMatch))


def match(it: matches.Ranked | ir.Refusal) -> ir.Match:
    assert isinstance(it, matches.Ranked), it
    return it.match


def refused(it: matches.Ranked | ir.Refusal) -> str:
    assert isinstance(it, ir.Refusal), it
    assert it.reason == Reason.UNSUPPORTED_VALUE
    return it.message


def test_no_match_at_all_is_every_request() -> None:
    assert match(http()) == ir.Match(ROOT)


def test_paths() -> None:
    assert match(http(path={"type": "Exact", "value": "/one/"})).path == ir.Path("exact", "/one/")
    assert match(http(path={"value": "/one"})).path == ir.Path("prefix", "/one")
    assert match(http(path={"type": "RegularExpression", "value": "/o.*"})).path == ir.Path("regex", "/o.*")


def test_a_trailing_slash_of_a_prefix_is_ignored() -> None:
    assert match(http(path={"value": "/one/"})).path == ir.Path("prefix", "/one")
    assert match(http(path={"value": "/"})).path == ROOT


@pytest.mark.parametrize(
    "value", ["", "one", "/a//b", "/a/./b", "/a/..", "/a%2fb", "/a?b", "/a#b", "/a b", "/ü", "/a\n"]
)
def test_a_path_that_no_request_has_is_refused(value: str) -> None:
    assert "is not a normalised absolute path" in refused(http(path={"value": value}))
    assert "is not a normalised absolute path" in refused(http(path={"type": "Exact", "value": value}))


def test_a_segment_that_begins_with_a_dot_is_a_path() -> None:
    assert match(http(path={"value": "/.well-known/...x"})).path == ir.Path("prefix", "/.well-known/...x")


def test_header_names_are_compared_without_case_and_the_first_of_equivalent_ones_counts() -> None:
    headers = [
        {"name": "Version", "value": "one"},
        {"name": "version", "value": "two"},
        {"name": "x", "type": "RegularExpression", "value": "a|b"},
    ]
    assert match(http(headers=headers)).headers == (ir.Named("version", "one"), ir.Named("x", "a|b", regex=True))


def test_query_parameters_are_compared_with_case() -> None:
    params = [{"name": "a", "value": "1"}, {"name": "A", "value": "2"}, {"name": "a", "value": "3"}]
    assert match(http(queryParams=params)).query_params == (ir.Named("a", "1"), ir.Named("A", "2"))


def test_ignored_entries_do_not_count_for_precedence() -> None:
    twice = http(headers=[{"name": "a", "value": "1"}, {"name": "A", "value": "2"}])
    once = http(headers=[{"name": "a", "value": "1"}])
    assert isinstance(twice, matches.Ranked)
    assert isinstance(once, matches.Ranked)
    assert twice.rank == once.rank


def test_methods() -> None:
    assert match(http(method="PATCH")).method == "PATCH"
    assert "method get is none of" in refused(http(method="get"))


def test_unknown_match_types_are_unsupported_values() -> None:
    assert refused(http(path={"type": "Glob", "value": "/*"})) == "path match type Glob is not supported"
    unknown = [{"name": "a", "type": "Prefix", "value": "b"}]
    assert refused(http(headers=unknown)) == "header match type Prefix is not supported"
    assert refused(http(queryParams=unknown)) == "query parameter match type Prefix is not supported"
    assert refused(grpc(method={"type": "Prefix", "service": "a"})) == "gRPC method match type Prefix is not supported"


def test_a_regex_that_envoy_would_refuse_is_refused_with_its_place() -> None:
    bad = {"type": "RegularExpression", "value": "("}
    words = "is not in RE2 syntax: missing ): ("
    assert refused(http(path=bad)) == f"regular expression for the path {words}"
    assert refused(http(headers=[{"name": "a", **bad}])) == f"regular expression for header a {words}"
    assert refused(http(queryParams=[{"name": "a", **bad}])) == f"regular expression for query parameter a {words}"


def test_grpc_methods_are_paths() -> None:
    assert match(grpc()) == ir.Match(ROOT, grpc=True)
    both = {"service": "shop.Cart", "method": "Add"}
    assert match(grpc(method=both)).path == ir.Path("exact", "/shop.Cart/Add")
    assert match(grpc(method={"service": "shop.Cart"})).path == ir.Path("prefix", "/shop.Cart")
    assert match(grpc(method={"method": "Add"})).path == ir.Path("regex", "/[^/]+/Add")


def test_grpc_regular_expressions_stay_within_service_and_method() -> None:
    def path(**method: str) -> ir.Path:
        return match(grpc(method={"type": "RegularExpression", **method})).path

    assert path(service="a|b", method="c") == ir.Path("regex", "/(?:a|b)/(?:c)")
    assert path(service="a") == ir.Path("regex", "/(?:a)/(?:[^/]+)")
    assert path(method="c") == ir.Path("regex", "/(?:[^/]+)/(?:c)")
    escaping = grpc(method={"type": "RegularExpression", "service": "a)|(?:b"})
    assert "is not in RE2 syntax" in refused(escaping)


def test_a_grpc_service_with_a_slash_is_refused() -> None:
    assert refused(grpc(method={"service": "a/b"})) == "'a/b' is not the name of a gRPC service or method"


def test_grpc_headers() -> None:
    it = match(grpc(method={"service": "a"}, headers=[{"name": "Color", "value": "blue"}]))
    assert it == ir.Match(ir.Path("prefix", "/a"), headers=(ir.Named("color", "blue"),), grpc=True)
