from typing import Any

import msgspec

from tests.builders import gateway, grant, listener, service
from translator import ir
from translator.api.gateway import ListenerFilter
from translator.attach import listener_filters
from translator.attach.conditions import Reason
from translator.attach.listener_filters import Filtering
from translator.value import Key, Ref

EDGE = Key("shop", "edge")
HTTP = ir.ListenerKey(Ref("Gateway", *EDGE), "http")


def asks(name: str = "auth", protocol: str = "HTTP", namespace: str | None = None, **more: Any) -> dict[str, Any]:
    ref = {"name": name, "port": 8080} | ({} if namespace is None else {"namespace": namespace})
    return {"type": "ExternalAuth", "externalAuth": {"protocol": protocol, "backendRef": ref, **more}}


def resolve(*filters: dict[str, Any], services: tuple[Key, ...] = (), granted: Any = None) -> Filtering:
    read = tuple(msgspec.convert(it, ListenerFilter) for it in filters)
    there = {key: service(key.name, namespace=key.namespace) for key in services}
    return listener_filters.resolve(HTTP, (("", read),), there, granted or {}, {}, {})


def test_listeners_without_filters_are_left_alone() -> None:
    filtered = listener(filters={"requests": [asks()]})
    rows = list(listener_filters.written("Gateway", EDGE, gateway(filtered, listener("b"), listener("c", filters={}))))
    assert [(key, len(filters)) for key, _, filters in rows] == [(HTTP, 1)]


def test_services_are_asked_in_the_order_of_the_filters() -> None:
    found = resolve(asks("one"), asks("two", "GRPC"), services=(Key("shop", "one"), Key("shop", "two")))
    assert found == Filtering(
        (
            ir.Authorization(ir.ClusterKey("shop", "one", 8080)),
            ir.Authorization(ir.ClusterKey("shop", "two", 8080, "http2"), grpc=True),
        )
    )
    assert [name for name, _, _ in listener_filters.named(HTTP, found)] == ["shop/one/8080", "shop/two/8080/http2"]


def test_a_service_that_is_not_there_stays_a_filter_that_nothing_passes() -> None:
    found = resolve(asks("gone"))
    assert found.authorizations == (ir.Authorization(None),)
    assert found.unresolved == (
        ir.Refusal(Reason.INVALID_LISTENER_FILTER_REF, "filters.requests[0]: Service shop/gone does not exist"),
    )
    assert list(listener_filters.named(HTTP, found)) == []


def test_a_service_of_another_namespace_needs_a_grant_for_gateways() -> None:
    there = (Key("security", "auth"),)
    [refusal] = resolve(asks(namespace="security"), services=there).unresolved
    assert refusal.reason is Reason.REF_NOT_PERMITTED
    assert "admits Gateways of shop" in refusal.message
    given = grant(
        from_=({"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "shop"},),
        to=({"group": "", "kind": "Service"},),
    )
    granted = {"security": (("grant", given.spec),)}
    assert resolve(asks(namespace="security"), services=there, granted=granted).unresolved == ()


def test_what_cannot_be_done_as_written_is_refused() -> None:
    extension = {"type": "ExtensionRef", "extensionRef": {"group": "example.com", "kind": "Y", "name": "z"}}
    written = listener(filters={"requests": [asks(), extension, asks(http={"path": "a"})]})
    found = list(listener_filters.invalid(gateway(written).spec.listeners[0]))
    assert [it.reason for it in found] == [Reason.UNSUPPORTED_VALUE, Reason.INVALID_LISTENER_FILTER]
    assert found[0].message == "filters.requests[1]: filter ExtensionRef is not supported"
    assert found[1].message.startswith("filters.requests[2]: filter ExternalAuth: http.path")
