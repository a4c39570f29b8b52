"""Random worlds of Gateway API objects, small enough that everything meets everything."""

from typing import Any

from hypothesis import strategies as st

from tests.properties import handling, trust
from translator.api.kinds import Object, from_document
from translator.pipeline import Translator
from translator.value import Key

NAMESPACES = ("front", "shop")
HOSTS = ("a.example.com", "b.example.com", "*.example.com", "*.com", "x.a.example.com")

PROTOCOLS = ("HTTP", "HTTP", "HTTPS", "TLS", "TCP", "UDP")

names = st.sampled_from(("one", "two", "three"))
namespaces = st.sampled_from(NAMESPACES)
hosts = st.sampled_from(HOSTS)


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A dict in which each field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


listener = st.builds(
    lambda base, more: {**base, **more},
    st.fixed_dictionaries({"port": st.sampled_from((80, 8080)), "protocol": st.sampled_from(PROTOCOLS)}),
    optional(
        hostname=hosts,
        filters=handling.listener_filters,
        tls=st.fixed_dictionaries(
            {
                "certificateRefs": st.lists(
                    optional(name=names, namespace=namespaces).filter(lambda ref: "name" in ref), max_size=2
                ),
                "mode": st.sampled_from(("Terminate", "Passthrough")),
                "options": st.sampled_from(({}, {}, {"gatehouse.dev/http3": "true"}, {"gatehouse.dev/http3": "odd"})),
            }
        ),
        allowedRoutes=optional(
            namespaces=st.sampled_from(
                ({"from": "All"}, {"from": "Same"}, {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}})
            ),
            kinds=st.lists(
                st.sampled_from(({"kind": "HTTPRoute"}, {"kind": "GRPCRoute"}, {"kind": "Odd"})), max_size=2
            ),
        ),
    ),
)
listeners = st.lists(listener, min_size=1, max_size=3).map(
    lambda those: [{**one, "name": f"l{n}"} for n, one in enumerate(those)]
)
allowed_listeners = st.sampled_from(
    (
        {"namespaces": {"from": "All"}},
        {"namespaces": {"from": "Same"}},
        {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"team": "a"}}}},
        {"namespaces": {"from": "None"}},
    )
)
gateway_spec = st.builds(
    lambda cls, listeners, more: {"gatewayClassName": cls, "listeners": listeners, **more},
    st.sampled_from(("ours", "ours", "theirs")),
    listeners,
    optional(allowedListeners=allowed_listeners, defaultScope=st.sampled_from(("All", "None")), tls=trust.gateway_tls),
)
listener_set_spec = st.builds(
    lambda parent, listeners: {"parentRef": parent, "listeners": listeners},
    st.builds(
        lambda base, more: {**base, **more},
        st.fixed_dictionaries({"name": names}),
        optional(namespace=namespaces, kind=st.sampled_from(("Gateway", "Odd"))),
    ),
    listeners,
)
backend = st.builds(
    lambda base, kind, more: {**base, **kind, **more},
    st.fixed_dictionaries({"name": names, "port": st.sampled_from((80, 81))}),
    st.sampled_from(
        (
            *({}, {}, {"kind": "Odd"}),
            {"kind": "ServiceImport", "group": "multicluster.x-k8s.io"},
            {"kind": "XBackend", "group": handling.EXPERIMENTAL},
        )
    ),
    optional(namespace=namespaces, weight=st.sampled_from((0, 1, 3))),
)
parent = st.builds(
    lambda base, more: {**base, **more},
    st.fixed_dictionaries({"name": names}),
    optional(
        namespace=namespaces,
        kind=st.sampled_from(("Gateway", "ListenerSet", "ListenerSet", "Odd")),
        sectionName=st.sampled_from(("l0", "l1")),
        port=st.sampled_from((80, 8080)),
    ),
)
path = st.fixed_dictionaries(
    {
        "type": st.sampled_from(("Exact", "PathPrefix", "RegularExpression")),
        "value": st.sampled_from(("/", "/a", "/a/b", "/[")),
    }
)
FILTERS = (
    {"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "x", "value": "1"}]}},
    {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}},
    {"type": "URLRewrite", "urlRewrite": {"hostname": "inner.example.com"}},
    {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "two", "port": 80}}},
    {"type": "ExtensionRef", "extensionRef": {"group": "x", "kind": "Y", "name": "z"}},
)
http_filter = st.one_of(handling.authorization, *map(st.just, FILTERS))
http_backend = st.builds(
    lambda ref, more: {**ref, **more}, backend, optional(filters=st.lists(handling.rewrite, max_size=1))
)
http_rule = optional(
    matches=st.lists(optional(path=path, method=st.sampled_from(("GET", "POST"))), min_size=1, max_size=2),
    filters=st.lists(http_filter, max_size=1),
    backendRefs=st.lists(http_backend, max_size=2),
    sessionPersistence=handling.session,
)
grpc_rule = optional(
    matches=st.lists(optional(method=optional(service=st.just("a.B"), method=st.just("C"))), max_size=2),
    backendRefs=st.lists(backend, max_size=2),
    sessionPersistence=handling.session,
)


stream_rule = st.fixed_dictionaries({"backendRefs": st.lists(backend, min_size=1, max_size=2)})


def route_spec(rule: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """What any route asks for."""
    return st.fixed_dictionaries(
        {
            "parentRefs": st.lists(parent, max_size=2, unique_by=str),
            "hostnames": st.lists(hosts, max_size=2, unique=True),
            "rules": st.lists(rule, min_size=1, max_size=2),
        },
        optional={"useDefaultGateways": st.sampled_from(("All", "None"))},
    )


created = st.sampled_from(("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", ""))


def document(
    kind: str, spec: st.SearchStrategy[Any], **rest: st.SearchStrategy[Any]
) -> st.SearchStrategy[tuple[str, Object]]:
    """An object of a kind, decoded."""
    return st.builds(
        lambda namespace, name, created, spec, rest: (
            kind,
            from_document(
                kind,
                {
                    "metadata": {"namespace": namespace, "name": name, "creationTimestamp": created},
                    "spec": spec,
                    **rest,
                },
            ),
        ),
        namespaces,
        names,
        created,
        spec,
        st.fixed_dictionaries(rest),
    )


service_spec = st.fixed_dictionaries(
    {
        "ipFamilies": st.sampled_from(((), ("IPv6", "IPv4"))),
        "selector": handling.selector,
        "ports": st.lists(
            st.builds(
                lambda base, more: {**base, **more},
                st.fixed_dictionaries({"port": st.sampled_from((80, 81)), "name": st.sampled_from(("http", "admin"))}),
                optional(
                    appProtocol=st.sampled_from(("kubernetes.io/h2c", "odd")),
                    targetPort=st.just(8080),
                    protocol=st.sampled_from(("TCP", "UDP")),
                ),
            ),
            min_size=1,
            max_size=2,
        ),
    }
)
namespace_object = st.builds(
    lambda name, labels: ("Namespace", from_document("Namespace", {"metadata": {"name": name, "labels": labels}})),
    namespaces,
    st.sampled_from(({}, {"team": "a"})),
)
class_object = st.builds(
    lambda controller: (
        "GatewayClass",
        from_document("GatewayClass", {"metadata": {"name": "ours"}, "spec": {"controllerName": controller}}),
    ),
    st.sampled_from(("gatehouse.dev/gateway-controller", "example.com/other")),
)
slice_object = st.builds(
    lambda namespace, name, label, service, address, ready, port, protocol: (
        "EndpointSlice",
        from_document(
            "EndpointSlice",
            {
                "metadata": {"namespace": namespace, "name": name, "labels": {label: service}},
                "addressType": "IPv6" if ":" in address else "IPv4",
                "endpoints": [{"addresses": [address], "conditions": {"ready": ready}}],
                "ports": [{"name": port, "port": 9000, "protocol": protocol}],
            },
        ),
    ),
    namespaces,
    names,
    st.sampled_from(("kubernetes.io/service-name", "multicluster.kubernetes.io/service-name")),
    names,
    st.sampled_from(("127.0.0.1", "::1")),
    st.booleans(),
    st.sampled_from(("http", "admin")),
    st.sampled_from(("TCP", "UDP")),
)
grant_spec = st.fixed_dictionaries(
    {
        "from": st.lists(
            st.builds(
                lambda kind, namespace: {"group": kind[0], "kind": kind[1], "namespace": namespace},
                st.sampled_from(
                    (
                        *(
                            ("gateway.networking.k8s.io", kind)
                            for kind in ("HTTPRoute", "GRPCRoute", "UDPRoute", "Gateway", "ListenerSet")
                        ),
                        ("gateway.networking.x-k8s.io", "XTelemetryPolicy"),
                    )
                ),
                namespaces,
            ),
            min_size=1,
            max_size=2,
        ),
        "to": st.sampled_from(
            (
                [{"group": "", "kind": "Service"}],
                [{"group": "", "kind": "Service", "name": "one"}],
                trust.GRANTED,
                [{"group": handling.EXPERIMENTAL, "kind": "XBackend"}],
            )
        ),
    }
)

telemetry_spec = st.fixed_dictionaries(
    {
        "targetRefs": st.lists(
            st.fixed_dictionaries({"name": names, "kind": st.sampled_from(("Gateway", "Gateway", "Odd"))}), max_size=2
        ),
        "tracing": st.one_of(
            st.just({"mode": "Disabled"}),
            st.builds(
                lambda backend, more: {"mode": "Enabled", "provider": {"backendRef": backend}, **more},
                backend,
                optional(
                    samplingRate=st.sampled_from(({"numerator": 0}, {"numerator": 5})),
                    parentBasedSampling=st.sampled_from(
                        ({"mode": "Disabled"}, {"mode": "Enabled", "samplingRate": {"numerator": 1}})
                    ),
                    attributes=st.just(
                        [{"name": "route", "sourceType": "Attribute", "attributeKey": "http.route"}],
                    ),
                ),
            ),
        ),
    }
)

objects: st.SearchStrategy[tuple[str, Object]] = st.one_of(
    document("Gateway", gateway_spec),
    document("ListenerSet", listener_set_spec),
    document("HTTPRoute", route_spec(http_rule)),
    document("HTTPRoute", route_spec(http_rule)),
    document("GRPCRoute", route_spec(grpc_rule)),
    document("TLSRoute", route_spec(stream_rule)),
    document("TCPRoute", route_spec(stream_rule)),
    document("UDPRoute", route_spec(stream_rule)),
    document("Service", service_spec),
    document("ServiceImport", service_spec),
    document("ReferenceGrant", grant_spec),
    document("XTelemetryPolicy", telemetry_spec),
    document("BackendTLSPolicy", trust.policy_spec),
    document("XBackend", handling.xbackend_spec),
    document("XBackendTrafficPolicy", handling.traffic_policy_spec),
    trust.held,
    slice_object,
    namespace_object,
    class_object,
)

Edit = tuple[str, Key, Object | None]
"""(kind, key, the object or None to delete it)."""

edits: st.SearchStrategy[Edit] = st.one_of(
    objects.map(lambda pair: (pair[0], pair[1].metadata.key, pair[1])),
    objects.map(lambda pair: (pair[0], pair[1].metadata.key, pair[1])),
    objects.map(lambda pair: (pair[0], pair[1].metadata.key, None)),
)


def apply(translator: Translator, batch: list[Edit]) -> None:
    """Make some edits, uncommitted."""
    for kind, key, value in batch:
        if value is None:
            translator.delete(kind, key)
        else:
            translator.put(kind, value)


def contents(translator: Translator) -> dict[str, Any]:
    """Everything a translator has to say, in a form that compares."""
    return {
        "resources": {(gateway, type_, item.name): item for gateway, type_, item in translator.resources()},
        "tables": {(gateway, table.name): (table, hosts) for gateway, table, hosts in translator.tables()},
        "statuses": dict(translator.statuses()),
    }
