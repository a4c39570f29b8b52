from typing import Any

import msgspec
import pytest

from translator import ir
from translator.api.routes import HTTPRouteFilter
from translator.attach import filters
from translator.attach.conditions import Reason
from translator.attach.filters import Filters, Rewrite


def read(*documents: dict[str, Any]) -> Filters | ir.Refusal:
    return filters.read(tuple(msgspec.convert(it, HTTPRouteFilter) for it in documents))


def refused(*documents: dict[str, Any]) -> ir.Refusal:
    it = read(*documents)
    assert isinstance(it, ir.Refusal), it
    return it


def request(**changes: Any) -> dict[str, Any]:
    return {"type": "RequestHeaderModifier", "requestHeaderModifier": changes}


def redirect(**settings: Any) -> dict[str, Any]:
    return {"type": "RequestRedirect", "requestRedirect": settings}


def rewrite(**settings: Any) -> dict[str, Any]:
    return {"type": "URLRewrite", "urlRewrite": settings}


def cors(**settings: Any) -> dict[str, Any]:
    return {"type": "CORS", "cors": settings}


def header(name: str, value: str = "v") -> dict[str, str]:
    return {"name": name, "value": value}


def test_header_modifiers() -> None:
    changes = ir.HeaderChanges((("X-Set", "v"),), (("X-Add", "a,b"),), ("X-Remove",))
    written = {"set": [header("X-Set")], "add": [header("X-Add", "a,b")], "remove": ["X-Remove"]}
    assert read(request(**written)) == Filters(request=changes)
    response = {"type": "ResponseHeaderModifier", "responseHeaderModifier": written}
    assert read(response) == Filters(response=changes)


def test_of_equivalent_header_names_the_first_counts() -> None:
    found = read(request(set=[header("Foo", "1"), header("foo", "2")], remove=["Bar", "bar"]))
    assert isinstance(found, Filters)
    assert found.request.set == (("Foo", "1"),)
    assert len(found.request.remove) == 1


def test_two_actions_for_one_header_are_refused() -> None:
    assert refused(request(set=[header("Foo")], add=[header("foo")])) == ir.Refusal(
        Reason.UNSUPPORTED_VALUE, "header foo has more than one action: only one of set, add and remove is permitted"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"set": [header("Host")]},
        {"remove": ["host"]},
        {"remove": [":path"]},
        {"remove": [""]},
        {"remove": ["a b"]},
        {"set": [header("a", "line\nbreak")]},
        {"add": [header("a", "nul\0")]},
        {"add": [header("a", "\x7f")]},
        {"add": [header("a", "\ud800")]},
        {"add": [header("a", "x" * 4097)]},
    ],
)
def test_header_changes_that_envoy_or_http_would_refuse_are_refused(changes: dict[str, Any]) -> None:
    assert refused(request(**changes)).reason == Reason.UNSUPPORTED_VALUE


def test_a_tab_and_a_percent_sign_are_values() -> None:
    assert read(request(set=[header("a", "100%\tok")])) == Filters(request=ir.HeaderChanges((("a", "100%\tok"),)))


def test_a_redirect_without_scheme_and_port_leads_to_the_listeners_port() -> None:
    assert read(redirect()) == Filters(redirect=ir.Redirect(302))
    moved = redirect(hostname="example.org", statusCode=301)
    assert read(moved) == Filters(redirect=ir.Redirect(301, hostname="example.org"))


def test_a_redirect_with_a_scheme_leads_to_its_well_known_port() -> None:
    assert read(redirect(scheme="https")) == Filters(redirect=ir.Redirect(302, "https", port=443))
    assert read(redirect(scheme="http")) == Filters(redirect=ir.Redirect(302, "http", port=80))
    assert read(redirect(scheme="https", port=8443)) == Filters(redirect=ir.Redirect(302, "https", port=8443))
    assert read(redirect(port=8080)) == Filters(redirect=ir.Redirect(302, port=8080))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_every_redirect_status_of_the_specification_is_given(status: int) -> None:
    assert read(redirect(statusCode=status)) == Filters(redirect=ir.Redirect(status))


def test_paths_are_replaced_in_full_or_by_prefix() -> None:
    full = {"type": "ReplaceFullPath", "replaceFullPath": "/one"}
    prefix = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/two"}
    gone = {"type": "ReplacePrefixMatch", "replacePrefixMatch": ""}
    assert read(rewrite(path=full)) == Filters(rewrite=Rewrite("", ir.PathChange(True, "/one")))
    assert read(rewrite(path=prefix)) == Filters(rewrite=Rewrite("", ir.PathChange(False, "/two")))
    assert read(rewrite(path=gone)) == Filters(rewrite=Rewrite("", ir.PathChange(False, "/")))
    assert read(redirect(path=full)) == Filters(redirect=ir.Redirect(302, path=ir.PathChange(True, "/one")))
    assert read(rewrite(hostname="one.org")) == Filters(rewrite=Rewrite("one.org", None))


@pytest.mark.parametrize(
    "settings",
    [
        redirect(scheme="ftp"),
        redirect(statusCode=304),
        redirect(hostname="*.example.com"),
        redirect(path={"type": "ReplaceSuffix"}),
        redirect(path={"type": "ReplaceFullPath"}),
        redirect(path={"type": "ReplaceFullPath", "replaceFullPath": "relative"}),
        redirect(path={"type": "ReplaceFullPath", "replaceFullPath": "/a\nb"}),
        rewrite(hostname="a b"),
        {"type": "ExternalAuth"},
        {"type": "RequestMirror"},
        {"type": "ExtensionRef", "extensionRef": {"group": "example.net", "kind": "Thing", "name": "one"}},
        cors(allowOrigins=["ftp://a.com"]),
        cors(allowOrigins=["http://a.com", "http://a*b.com"]),
        cors(allowMethods=["get"]),
        cors(allowHeaders=["a b"]),
    ],
)
def test_what_is_not_supported_is_an_unsupported_value(settings: dict[str, Any]) -> None:
    assert refused(settings).reason == Reason.UNSUPPORTED_VALUE


def test_a_redirect_and_a_rewrite_are_incompatible() -> None:
    assert refused(redirect(), rewrite()) == ir.Refusal(
        Reason.INCOMPATIBLE_FILTERS, "filters RequestRedirect and URLRewrite cannot be combined"
    )


def test_a_filter_given_twice_is_incompatible_with_itself() -> None:
    assert refused(request(), request()).reason == Reason.INCOMPATIBLE_FILTERS


def test_mirrors_may_be_given_more_than_once() -> None:
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "a", "port": 80}}}
    assert read(mirror, mirror) == Filters()


def test_cors() -> None:
    settings = cors(
        allowOrigins=["https://*.example.com:8443", "http://*"],
        allowMethods=["GET", "PUT"],
        allowHeaders=["x-a"],
        exposeHeaders=["*"],
        allowCredentials=True,
        maxAge=60,
    )
    expected = ir.Cors(("https://*.example.com:8443", "http://*"), ("GET", "PUT"), ("x-a",), ("*",), True, 60)
    assert read(settings) == Filters(cors=expected)
    assert read(cors(allowOrigins=["*"])) == Filters(cors=ir.Cors(("*",), (), (), (), False, 5))
