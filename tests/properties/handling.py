"""How requests are handled, at random: sessions, authorization, XBackends and policies of traffic."""

from typing import Any

from hypothesis import strategies as st

EXPERIMENTAL = "gateway.networking.x-k8s.io"

names = st.sampled_from(("one", "two", "three"))
namespaces = st.sampled_from(("front", "shop"))

session = st.sampled_from(
    (
        {"cookie": {}},
        {"cookie": {"name": "s", "lifetimeType": "Permanent"}, "absoluteTimeout": "1h"},
        {"type": "Header", "header": {"name": "x-session"}},
        {"absoluteTimeout": "1h"},
    )
)
service = st.builds(
    lambda base, more: {**base, **more},
    st.fixed_dictionaries({"name": names, "port": st.sampled_from((80, 81))}),
    st.fixed_dictionaries({}, optional={"namespace": namespaces}),
)
xbackend = st.builds(
    lambda base, more: {**base, **more},
    st.fixed_dictionaries({"name": names, "kind": st.just("XBackend"), "group": st.just(EXPERIMENTAL)}),
    st.fixed_dictionaries({}, optional={"namespace": namespaces}),
)
authorization = st.builds(
    lambda protocol, ref: {"type": "ExternalAuth", "externalAuth": {"protocol": protocol, "backendRef": ref}},
    st.sampled_from(("HTTP", "GRPC", "Odd")),
    st.one_of(service, xbackend),
)
"""A filter that asks a service."""
rewrite = st.just({"type": "URLRewrite", "urlRewrite": {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/x"}}})
listener_filters = st.fixed_dictionaries(
    {"requests": st.lists(st.one_of(authorization, authorization, st.just({"type": "ExtensionRef"})), max_size=2)}
)
selector = st.sampled_from(({}, {"app": "a"}, {"app": "b"}))
tls = st.sampled_from(
    (
        {"mode": "None"},
        {"mode": "ServerOnly", "validation": {"hostname": "a.com", "wellKnownCACertificates": "System"}},
        {
            "mode": "ServerOnly",
            "validation": {
                "hostname": "a.com",
                "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "one"}],
            },
        },
    )
)


def _xbackend(port: int, place: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"port": {"number": port}, **place, **more}


xbackend_spec = st.builds(
    _xbackend,
    st.sampled_from((80, 8080)),
    st.sampled_from(
        (
            {"type": "ExternalHostname", "externalHostname": {"hostname": "a.com"}},
            {"type": "EndpointSelector", "endpointSelector": {"matchLabels": {"app": "a"}}},
            {"type": "EndpointSelector", "endpointSelector": {"matchLabels": {"app": "b"}}},
        )
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "tls": tls,
            "sessionPersistence": session,
            "protocol": st.sampled_from(("HTTP", "HTTP11", "H2C", "TCP")),
        },
    ),
)
traffic_policy_spec = st.fixed_dictionaries(
    {
        "targetRefs": st.lists(
            st.builds(
                lambda kind, name: {"group": kind[0], "kind": kind[1], "name": name},
                st.sampled_from((("", "Service"), (EXPERIMENTAL, "XBackend"), ("x", "Odd"))),
                names,
            ),
            min_size=1,
            max_size=2,
        )
    },
    optional={
        "retryConstraint": st.sampled_from(({}, {"budget": {"percent": 1}}, {"budget": {"interval": "x"}})),
        "sessionPersistence": session,
    },
)
