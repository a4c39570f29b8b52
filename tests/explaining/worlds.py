"""Random worlds: Gateways with HTTP, HTTPS and TLS listeners, and routes whose rules can be told apart."""

import random
from typing import Any

import msgspec

from tests import builders
from tests.builders import gateway, gateway_class, grpc_route, http_route, https, listener, meta, service
from tests.envoy.running import LOOPBACK
from tests.explaining.backends import PLAIN, SECURE
from tests.explaining.matches import match, named
from translator import ir
from translator.api import core, routes
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.pipeline import Settings, Translator
from translator.value import Key
from translator.xds.shards import Sharding

EDGE = Key("shop", "edge")
HTTP, HTTPS, SEALED = 80, 443, 444
HOSTS = ("a.example.com", "b.example.com", "x.b.example.com", "example.com", "example.org", "A.Example.COM")
HOSTNAMES = ("a.example.com", "*.example.com", "*.b.example.com", "example.org", "b.example.com")
SEALED_NAMES = ("a.sealed.test", "*.sealed.test", "b.sealed.test")
SEGMENTS = ("a", "b", "ab", "", ".", "..", "%2e", "%2E%2e", "a%2Fb", "c3a9")
VALUES = ("1", "2", "12", "")
METHODS = ("Get", "Put", "GetAll")
SERVICES = ("pkg.Cart", "pkg.Till")
RULE = "x-rule"


def world(
    chance: random.Random,
    ports: dict[str, int],
    pair: tuple[bytes, bytes],
    offset: int,
    sharding: Sharding = Sharding(),
) -> Translator:
    """Draw a world, and translate it."""
    translator = Translator(Settings(sharding=sharding))
    translator.put("GatewayClass", gateway_class())
    translator.put("Gateway", gateway(*_listeners(chance)))
    data = {"tls.crt": pair[0], "tls.key": pair[1]}
    translator.put("Secret", Secret(Meta(name="tls", namespace="shop"), "kubernetes.io/tls", data))
    for name, port in ports.items():
        spec = {"name": name, "port": 80, "targetPort": port}
        translator.put("Service", service(name, ports=[spec]))
        translator.put("Service", service(f"{name}-h2c", ports=[{**spec, "appProtocol": "kubernetes.io/h2c"}]))
        for each in (name, f"{name}-h2c"):
            translator.put("EndpointSlice", _slice(each, name, port))
    for number in range(chance.randint(4, 12)):
        _put_http(translator, chance, f"http-{number}")
    for number in range(chance.randint(0, 3)):
        hostnames = tuple(chance.sample(HOSTNAMES, chance.randint(0, 2)))
        rules = [_grpc_rule(chance, f"grpc-{number}/{rule}") for rule in range(chance.randint(1, 3))]
        translator.put("GRPCRoute", grpc_route(*rules, name=f"grpc-{number}", hostnames=hostnames))
    for number in range(chance.randint(0, 3)):
        _put_tls(translator, chance, f"tls-{number}")
    translator.place(EDGE, ir.Placement(LOOPBACK, port_offset=offset))
    translator.commit()
    return translator


def _listeners(chance: random.Random) -> list[dict[str, Any]]:
    some = [
        listener("http"),
        listener("narrow", hostname="b.example.com"),
        https("tls", "tls", hostname="*.example.com"),
        https("exact", "tls", hostname="b.example.com"),
        https("other", "tls", hostname="example.org"),
        listener("through", HTTPS, "TLS", hostname="*.sealed.test", tls={"mode": "Passthrough"}),
        listener("sealed", SEALED, "TLS", tls={"mode": "Passthrough"}),
    ]
    return [it for it in some if it["name"] == "http" or chance.random() < 0.8]


def _slice(service_name: str, name: str, port: int) -> core.EndpointSlice:
    document = {
        "metadata": meta(f"{service_name}-1", labels={"kubernetes.io/service-name": service_name}),
        "addressType": "IPv4",
        "endpoints": [{"addresses": [LOOPBACK], "conditions": {"ready": True}}],
        "ports": [{"name": name, "port": port}],
    }
    return msgspec.convert(document, core.EndpointSlice)


def _put_http(translator: Translator, chance: random.Random, name: str) -> None:
    hostnames = tuple(chance.sample(HOSTNAMES, chance.randint(0, 2)))
    rules = [_rule(chance, f"{name}/{number}") for number in range(chance.randint(1, 4))]
    translator.put("HTTPRoute", http_route(*rules, name=name, hostnames=hostnames))


def _put_tls(translator: Translator, chance: random.Random, name: str) -> None:
    refs = [{"name": it, "port": 80, "weight": chance.randint(0, 2)} for it in chance.sample(SECURE, 2)]
    hostnames = tuple(chance.sample(SEALED_NAMES, chance.randint(1, 2)))
    spec = {"parentRefs": [{"name": "edge"}], "hostnames": hostnames, "rules": [{"backendRefs": refs}]}
    translator.put("TLSRoute", builders.build(meta(name), spec, routes.TLSRoute))


def _rule(chance: random.Random, mark: str) -> dict[str, Any]:
    matches = [match(chance, "GET", "POST", "OPTIONS") for _ in range(chance.randint(1, 3))]
    changes_prefix = chance.random() < 0.3
    if changes_prefix:
        matches = [{**matches[0], "path": {"type": "PathPrefix", "value": chance.choice(("/", "/a", "/a/", "/a/b"))}}]
    filters: list[dict[str, Any]] = [
        {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": RULE, "value": mark}]}}
    ]
    if chance.random() < 0.25:
        filters.append({"type": "CORS", "cors": {"allowOrigins": [chance.choice(("https://app.test", "*"))]}})
    if chance.random() < 0.4:
        filters.append({"type": "RequestRedirect", "requestRedirect": _redirect(chance, changes_prefix)})
        return {"matches": matches, "filters": filters}
    if changes_prefix or chance.random() < 0.3:
        filters.append({"type": "URLRewrite", "urlRewrite": _rewrite(chance, changes_prefix)})
    if chance.random() < 0.2:
        percent = chance.choice((None, 50))
        mirror = {"backendRef": {"name": chance.choice(PLAIN), "port": 80}} | ({"percent": percent} if percent else {})
        filters.append({"type": "RequestMirror", "requestMirror": mirror})
    return {"matches": matches, "filters": filters, "backendRefs": _backends(chance, "")}


def _path(chance: random.Random, changes_prefix: bool) -> dict[str, Any]:
    if changes_prefix:
        return {"type": "ReplacePrefixMatch", "replacePrefixMatch": chance.choice(("/", "/new", "/new/", "/n/e"))}
    return {"type": "ReplaceFullPath", "replaceFullPath": chance.choice(("/whole", "/w%25", "/w/"))}


def _redirect(chance: random.Random, changes_prefix: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"statusCode": chance.choice((301, 302, 303, 307, 308))}
    if chance.random() < 0.5:
        found["hostname"] = f"to{chance.getrandbits(20)}.test"
    if chance.random() < 0.4:
        found["scheme"] = chance.choice(("http", "https"))
    if chance.random() < 0.3:
        found["port"] = chance.choice((80, 443, 8080))
    if changes_prefix or chance.random() < 0.4:
        found["path"] = _path(chance, changes_prefix)
    return found


def _rewrite(chance: random.Random, changes_prefix: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"path": _path(chance, changes_prefix)}
    return found | ({"hostname": "rewritten.test"} if chance.random() < 0.5 else {})


def _backends(chance: random.Random, suffix: str) -> list[dict[str, Any]]:
    names = chance.sample((*PLAIN, "gone"), chance.randint(1, 3))
    weights = (1, 1, 1, 3, 0)
    return [{"name": f"{name}{suffix}", "port": 80, "weight": chance.choice(weights)} for name in names]


def _grpc_rule(chance: random.Random, mark: str) -> dict[str, Any]:
    method: dict[str, Any] = {"type": chance.choice(("Exact", "RegularExpression"))}
    if chance.random() < 0.7:
        method["service"] = chance.choice(SERVICES)
    if chance.random() < 0.7 or "service" not in method:
        method["method"] = chance.choice((*METHODS[:2], "Get.*" if method["type"] == "RegularExpression" else "Get"))
    match: dict[str, Any] = {"method": method} if chance.random() < 0.8 else {}
    if chance.random() < 0.3:
        match["headers"] = [named(chance, "x-user")]
    marked = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": RULE, "value": mark}]}}
    return {"matches": [match], "filters": [marked], "backendRefs": _backends(chance, "-h2c")}
