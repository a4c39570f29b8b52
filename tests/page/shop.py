"""The world that the page is tried on, and shown with: three teams, and something that is amiss for each."""

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.live.documents import (
    Document,
    backend,
    backend_tls_policy,
    echo,
    gateway,
    gateway_class,
    grpc_route,
    http_route,
    https,
    listener,
    listener_set,
    namespace,
    path,
    rule,
    service,
    slice_of,
    stream_route,
    streams,
    tls_secret,
)

PARENT = [{"name": "edge", "namespace": "shop"}]


def shop() -> dict[str, list[Document]]:
    """Documents by file."""
    key = ec_key()
    pem = certificate(key, host="*.example.com")
    return {
        "gateways.yaml": [
            gateway_class(),
            *(namespace(name) for name in ("shop", "search", "media", "legacy")),
            tls_secret("wildcard", pem, key_pem(key)),
            gateway(
                listener(),
                https("https", "wildcard"),
                https("docs", "wildcard", port=8443, hostname="*.docs.example.com"),
                {"name": "redis", "port": 6379, "protocol": "TCP", "allowedRoutes": {"namespaces": {"from": "All"}}},
                allowedListeners={"namespaces": {"from": "All"}},
            ),
            gateway(listener("private", 8080), name="inside", namespace="search"),
            listener_set("media", listener("video", 8081), namespace="media"),
        ],
        "shop.yaml": [
            *_pods("cart", "cart-canary", "checkout", "catalog", "images"),
            *echo("frontend", replicas=3),
            cart(90, 10),
            http_route("checkout", rule("checkout", matches=[path("/pay"), path("/orders")])),
            http_route(
                "frontend",
                rule("catalog", matches=[path("/catalog")]),
                rule("images", matches=[path("/images")]),
                rule("frontend"),
                hostnames=["shop.example.com", "www.example.com"],
            ),
            http_route("secure", rule(filters=[_to_https()]), hostnames=["*.example.com"]),
        ],
        "search.yaml": [
            *echo("search", "search", replicas=2),
            *echo("indexer", "search"),
            http_route("search", rule("search"), namespace="search", parentRefs=PARENT),
            grpc_route(
                "index", rule("indexer"), namespace="search", parentRefs=[{"name": "inside", "sectionName": "private"}]
            ),
        ],
        "media.yaml": [
            *echo("thumbnails", "media"),
            service("videos", "media"),
            *slice_of("videos", namespace="media"),
            http_route("thumbnails", rule("thumbnails"), namespace="media", parentRefs=PARENT),
            http_route("videos", rule("videos"), namespace="media", parentRefs=PARENT),
        ],
        "legacy.yaml": [
            http_route("reports", rule("reports"), namespace="legacy", parentRefs=PARENT),
            http_route(
                "admin",
                rule("admin"),
                namespace="legacy",
                parentRefs=[{"name": "edge", "sectionName": "vpn", "namespace": "shop"}],
            ),
            *echo("admin", "legacy"),
        ],
        "redis.yaml": [*streams("redis"), stream_route("TCPRoute", "redis", "redis", section="redis")],
        "policy.yaml": [backend_tls_policy("checkout", "checkout.internal", "missing-ca")],
    }


def cart(stable: int, canary: int) -> Document:
    """A route with weights, on a header first."""
    header = {"headers": [{"name": "x-canary", "value": "yes"}], **path("/cart")}
    return http_route(
        "cart",
        rule("cart-canary", matches=[header], name="testers"),
        rule(backend("cart", weight=stable), backend("cart-canary", weight=canary), matches=[path("/cart")]),
        hostnames=["shop.example.com"],
    )


def _pods(*names: str) -> list[Document]:
    return [document for name in names for document in echo(name)]


def _to_https() -> Document:
    return {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
