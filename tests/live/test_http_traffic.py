"""HTTPRoutes on a real Envoy, a family of features after the other: what clients get and what backends see."""

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.envoy.running import free_port
from tests.live.client import Edge
from tests.live.conftest import edge_folder
from tests.live.documents import (
    Document,
    backend,
    deployment,
    echo,
    gateway,
    http_route,
    listener,
    marks,
    path,
    rule,
    service,
)
from tests.live.stack import Gatehouse, up

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("http traffic")]

OTHER_PORT = free_port("127.20.0.1")
"""A listener's port that is served at itself: it is not below 1024."""


def marked(name: str, *matches: Document, **more: Document) -> Document:
    return rule("echo", filters=[marks(name)], **({"matches": list(matches)} if matches else {}), **more)


def header_match(name: str, value: str) -> Document:
    return {"headers": [{"name": name, "value": value}]}


def redirect(to: Document, *matches: Document) -> Document:
    return rule(
        filters=[{"type": "RequestRedirect", "requestRedirect": to}], **({"matches": list(matches)} if matches else {})
    )


def rewrite(to: Document, *matches: Document) -> Document:
    return rule("echo", filters=[{"type": "URLRewrite", "urlRewrite": to}], matches=list(matches))


def whole(value: str) -> Document:
    return {"path": {"type": "ReplaceFullPath", "replaceFullPath": value}}


def prefix(value: str) -> Document:
    return {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": value}}


ROUTES = (
    http_route(
        "matches",
        marked("all"),
        marked("prefix", path("/prefix")),
        marked("longer prefix", path("/prefix/longer")),
        marked("exact", path("/prefix/longer", "Exact")),
        marked("regex", path("/item-[0-9]+", "RegularExpression")),
        marked("post", {**path("/things"), "method": "POST"}),
        marked("header", header_match("X-Group", "b")),
        marked("two headers", {"headers": [{"name": "X-Group", "value": "b"}, {"name": "X-More", "value": "1"}]}),
        marked("query", {"queryParams": [{"name": "version", "value": "2"}]}),
        marked("header regex", {"headers": [{"type": "RegularExpression", "name": "X-Build", "value": "[0-9]+"}]}),
    ),
    http_route(
        "headers",
        rule(
            backend(
                "echo",
                filters=[
                    {
                        "type": "RequestHeaderModifier",
                        "requestHeaderModifier": {"add": [{"name": "X-Backend", "value": "echo"}]},
                    },
                    {
                        "type": "ResponseHeaderModifier",
                        "responseHeaderModifier": {"set": [{"name": "X-Served-By", "value": "echo"}]},
                    },
                ],
            ),
            filters=[
                {
                    "type": "RequestHeaderModifier",
                    "requestHeaderModifier": {
                        "set": [{"name": "X-Set", "value": "new"}],
                        "add": [{"name": "X-Add", "value": "more"}],
                        "remove": ["X-Secret"],
                    },
                },
                {
                    "type": "ResponseHeaderModifier",
                    "responseHeaderModifier": {
                        "set": [{"name": "X-Set", "value": "new"}],
                        "add": [{"name": "X-Add", "value": "more"}],
                        "remove": ["X-Secret"],
                    },
                },
            ],
        ),
    ),
    http_route(
        "redirects",
        redirect({"hostname": "new.example.com"}, path("/host")),
        redirect({"scheme": "https", "statusCode": 301}, path("/scheme")),
        redirect({"port": 8443}, path("/port")),
        redirect(whole("/elsewhere"), path("/whole")),
        redirect(prefix("/new"), path("/old")),
        redirect({"statusCode": 308}, path("/permanent")),
        parentRefs=[{"name": "edge"}],
    ),
    http_route(
        "rewrites",
        rewrite(prefix("/v2"), path("/v1")),
        rewrite(prefix("/"), path("/strip")),
        rewrite(whole("/one"), path("/whole")),
        rewrite({"hostname": "inside.example.com"}, path("/host")),
    ),
    http_route(
        "mirrors",
        rule("echo", filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": backend("mirror")}}]),
    ),
    http_route("copies", rule("mirror")),
    http_route(
        "cors",
        rule(
            "echo",
            filters=[
                {
                    "type": "CORS",
                    "cors": {
                        "allowOrigins": ["https://app.example.com"],
                        "allowMethods": ["GET", "PUT"],
                        "allowHeaders": ["X-Asked"],
                        "exposeHeaders": ["X-Shown"],
                        "allowCredentials": True,
                        "maxAge": 600,
                    },
                }
            ],
        ),
    ),
    http_route("weights", rule(backend("stable", weight=80), backend("canary", weight=20), backend("echo", weight=0))),
    http_route("nobody", rule(backend("echo", weight=0))),
    http_route("timeouts", rule("echo", timeouts={"request": "300ms"})),
    http_route("retries", rule("echo", retry={"codes": [503], "attempts": 2, "backoff": "10ms"})),
    http_route("missing", rule("nowhere")),
    http_route("partly", rule(backend("echo", weight=1), backend("nowhere", weight=1))),
    http_route("empty", rule("empty")),
    http_route("h2c", rule("h2c")),
    http_route("wide", marked("wildcard"), hostnames=["*.wide.example.com"]),
    http_route("narrow", marked("exact"), hostnames=["narrow.wide.example.com"]),
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatehouse]:
    folder = edge_folder(tmp_path_factory.mktemp("http") / "resources")
    folder.write(
        "gateway.yaml",
        gateway(
            listener(hostname="*.example.com"),
            listener("other", OTHER_PORT),
            listener("isolated", hostname="isolated.example.com"),
        ),
    )
    backends = [document for name in ("echo", "mirror", "stable", "canary") for document in echo(name)]
    folder.write("backends.yaml", *backends, *echo("empty", replicas=0))
    folder.write("h2c.yaml", service("h2c", appProtocol="kubernetes.io/h2c"), deployment("h2c"))
    folder.write("routes.yaml", *ROUTES)
    with up(folder.path) as gatehouse:
        yield gatehouse


@pytest.fixture(scope="module")
def other(stack: Gatehouse) -> Edge:
    return stack.edge("other")


@pytest.mark.parametrize(
    ("target", "method", "headers", "answered_by"),
    [
        ("/", "GET", {}, "all"),
        ("/prefix", "GET", {}, "prefix"),
        ("/prefix/", "GET", {}, "prefix"),
        ("/prefix/more", "GET", {}, "prefix"),
        ("/prefixed", "GET", {}, "all"),
        ("/prefix/longer/yet", "GET", {}, "longer prefix"),
        ("/prefix/longer", "GET", {}, "exact"),
        ("/prefix/longer?q=1", "GET", {}, "exact"),
        ("/item-42", "GET", {}, "regex"),
        ("/item-42/more", "GET", {}, "all"),
        ("/things/1", "POST", {}, "post"),
        ("/things/1", "GET", {}, "all"),
        ("/", "GET", {"X_Group": "b"}, "header"),
        ("/", "GET", {"x_group": "b"}, "header"),
        ("/", "GET", {"X_Group": "B"}, "all"),
        ("/", "GET", {"X_Group": "b", "X_More": "1"}, "two headers"),
        ("/?version=2", "GET", {}, "query"),
        ("/?version=3", "GET", {}, "all"),
        ("/?version=2", "GET", {"X_Group": "b"}, "header"),
        ("/", "GET", {"X_Build": "17"}, "header regex"),
        ("/", "GET", {"X_Build": "17b"}, "all"),
        ("/prefix", "GET", {"X_Group": "b"}, "prefix"),
    ],
)
def test_the_most_specific_match_answers(
    edge: Edge, target: str, method: str, headers: dict[str, str], answered_by: str
) -> None:
    assert edge.get("matches.example.com", target, method, **headers).rule == answered_by


def test_headers_are_changed_both_ways_by_rules_and_backend_refs(edge: Edge) -> None:
    asked = "X-Set:old, X-Add:one, X-Secret:yes"
    headers = {"X_Set": "old", "X_Add": "one", "X_Secret": "yes", "X_Echo_Set_Header": asked}
    answer = edge.get("headers.example.com", **headers)
    assert [answer.sent(name) for name in ("X-Set", "X-Secret", "X-Backend")] == [["new"], [], ["echo"]]
    assert ",".join(answer.sent("X-Add")) == "one,more"
    assert [answer.header(name) for name in ("X-Set", "X-Secret", "X-Served-By")] == ["new", "", "echo"]
    assert answer.header("X-Add").replace(" ", "") == "one,more"


@pytest.mark.parametrize(
    ("target", "status", "location"),
    [
        ("/host?q=1", 302, "http://new.example.com/host?q=1"),
        ("/scheme/a", 301, "https://redirects.example.com/scheme/a"),
        ("/port", 302, "http://redirects.example.com:8443/port"),
        ("/whole/a", 302, "http://redirects.example.com/elsewhere"),
        ("/old/a", 302, "http://redirects.example.com/new/a"),
        ("/permanent", 308, "http://redirects.example.com/permanent"),
    ],
)
def test_redirects_name_the_port_of_the_listener_not_the_one_where_it_is_served(
    edge: Edge, target: str, status: int, location: str
) -> None:
    for host in ("redirects.example.com", f"redirects.example.com:{edge.port}"):
        answer = edge.get(host, target)
        assert (answer.status, answer.header("Location")) == (status, location)


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/host", "http://new.example.com:{port}/host"),
        ("/scheme", "https://redirects.example.com:443/scheme"),
        ("/port", "http://redirects.example.com:8443/port"),
        ("/old", "http://redirects.example.com:{port}/new"),
    ],
)
def test_redirects_keep_a_listeners_port_unless_a_scheme_is_given(other: Edge, target: str, location: str) -> None:
    """Envoy would keep the port that Host names, so the scheme's own is said, which means the same as no port."""
    assert other.get(f"redirects.example.com:{OTHER_PORT}", target).header("Location") == location.format(
        port=OTHER_PORT
    )


@pytest.mark.parametrize(
    ("target", "path_seen", "host_seen"),
    [
        ("/v1/items?q=1", "/v2/items?q=1", "rewrites.example.com"),
        ("/v1", "/v2", "rewrites.example.com"),
        ("/strip/items", "/items", "rewrites.example.com"),
        ("/strip", "/", "rewrites.example.com"),
        ("/whole/items", "/one", "rewrites.example.com"),
        ("/host/items", "/host/items", "inside.example.com"),
    ],
)
def test_rewrites_change_what_the_backend_sees(edge: Edge, target: str, path_seen: str, host_seen: str) -> None:
    seen = edge.get("rewrites.example.com", target).echo
    assert (seen["path"], seen["host"]) == (path_seen, host_seen)


def test_a_mirror_gets_a_copy_of_each_request_and_answers_none(stack: Gatehouse, edge: Edge) -> None:
    targets = [f"/mirrored/{number}" for number in range(20)]
    assert {edge.pod("mirrors.example.com", target) for target in targets} == {"echo-1"}

    def all_copied() -> bool:
        received = edge.get("copies.example.com", "/received").echo["received"]
        return sorted(line for line in received if "/mirrored/" in line) == sorted(f"GET {it}" for it in targets)

    stack.wait_until(all_copied, "copies of all requests")


def test_a_preflight_is_answered_for_origins_that_are_allowed(edge: Edge) -> None:
    asked = {"Access_Control_Request_Method": "PUT", "Access_Control_Request_Headers": "X-Asked"}
    allowed = edge.get("cors.example.com", "/", "OPTIONS", Origin="https://app.example.com", **asked)
    assert allowed.status == 200
    assert allowed.header("Access-Control-Allow-Origin") == "https://app.example.com"
    assert allowed.header("Access-Control-Allow-Methods") == "GET, PUT"
    assert allowed.header("Access-Control-Allow-Headers") == "X-Asked"
    assert allowed.header("Access-Control-Allow-Credentials") == "true"
    assert allowed.header("Access-Control-Max-Age") == "600"
    refused = edge.get("cors.example.com", "/", "OPTIONS", Origin="https://evil.example.com", **asked)
    assert refused.header("Access-Control-Allow-Origin") == ""
    plain = edge.get("cors.example.com", "/", Origin="https://app.example.com")
    assert plain.echo["pod"] == "echo-1"
    assert plain.header("Access-Control-Expose-Headers") == "X-Shown"


def test_weights_share_the_requests_and_zero_gets_none(edge: Edge) -> None:
    with edge.connect() as connection:
        answers = [connection.request("/", "weights.example.com") for _ in range(500)]
    shares = Counter(answer.echo["pod"] for answer in answers)
    assert shares.keys() == {"stable-1", "canary-1"}
    assert 50 <= shares["canary-1"] <= 160  # binomial(500, 0.2): mean 100, standard deviation 9


def test_requests_without_a_backend_that_could_answer_fail_as_the_specification_says(edge: Edge) -> None:
    assert edge.status("missing.example.com") == 500
    assert edge.status("nobody.example.com") == 500
    assert edge.status("empty.example.com") == 503
    with edge.connect() as connection:
        shares = Counter(connection.request("/", "partly.example.com").status for _ in range(200))
    assert shares.keys() == {200, 500}
    assert 60 <= shares[500] <= 140


def test_a_request_that_takes_too_long_ends_with_504(edge: Edge) -> None:
    assert edge.status("timeouts.example.com", "/?delay=10s") == 504
    assert edge.status("timeouts.example.com", "/?delay=10ms") == 200


def test_a_failed_request_is_tried_again_as_often_as_the_route_says(edge: Edge) -> None:
    fails = "/?responseCode=503&succeedAfter="
    assert edge.status("retries.example.com", f"{fails}2") == 200
    assert edge.status("retries.example.com", f"{fails}3&n=2") == 503
    assert edge.status("retries.example.com", "/?responseCode=500&succeedAfter=1") == 500


def test_a_backend_of_app_protocol_h2c_is_spoken_to_in_http_2(edge: Edge) -> None:
    assert edge.get("h2c.example.com").echo["proto"] == "HTTP/2.0"
    assert edge.get("rewrites.example.com", "/v1").echo["proto"] == "HTTP/1.1"


def test_hosts_are_compared_without_case_and_port(edge: Edge) -> None:
    for host in ("MATCHES.Example.COM", "matches.example.com:80", f"matches.example.com:{edge.port}"):
        assert edge.get(host).rule == "all"


def test_the_backend_sees_the_host_that_the_client_asked_for(edge: Edge) -> None:
    assert edge.get("matches.example.com").echo["host"] == "matches.example.com"
    assert edge.get(f"matches.example.com:{edge.port}").echo["host"] == "matches.example.com"


def test_the_most_specific_hostname_answers(edge: Edge) -> None:
    assert edge.get("narrow.wide.example.com").rule == "exact"
    assert edge.get("other.wide.example.com").rule == "wildcard"
    assert edge.get("a.b.wide.example.com").rule == "wildcard"
    assert edge.status("wide.example.com") == 404


def test_listeners_are_isolated(edge: Edge, other: Edge) -> None:
    """A host that a more specific listener has is not answered by the routes of a wider one."""
    assert edge.status("isolated.example.com") == 404
    assert edge.status("unknown.example.com") == 404
    assert edge.status("example.org") == 404
    assert other.status("unknown.example.com") == 404
