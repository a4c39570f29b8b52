"""Random certificates, authorities and what asks for them."""

import base64
from typing import Any

from hypothesis import strategies as st

from tests.attach.issuing import certificate, ec_key, key_pem
from translator.api.kinds import Object, from_document

names = st.sampled_from(("one", "two", "three"))
namespaces = st.sampled_from(("front", "shop"))

PEMS = tuple(certificate(ec_key(nth=nth)).decode() for nth in range(2))
PAIRS = tuple((pem, key_pem(ec_key(nth=nth)).decode()) for nth, pem in enumerate(PEMS))

bundles = st.sampled_from((*PEMS, "".join(PEMS), "no certificate", ""))
local_authority = st.builds(
    lambda kind, name: {
        "group": "certificates.k8s.io" if kind == "ClusterTrustBundle" else "",
        "kind": kind,
        "name": name,
    },
    st.sampled_from(("ConfigMap", "ConfigMap", "Secret", "ClusterTrustBundle", "Odd")),
    names,
)
authority = st.builds(
    lambda ref, namespace: ref | ({"namespace": namespace} if namespace else {}),
    local_authority.filter(lambda ref: ref["kind"] != "ClusterTrustBundle"),
    st.none() | namespaces,
)
validation = st.fixed_dictionaries(
    {"caCertificateRefs": st.lists(authority, min_size=1, max_size=2)},
    optional={"mode": st.sampled_from(("AllowValidOnly", "AllowInsecureFallback"))},
)
tls_config = st.fixed_dictionaries({}, optional={"validation": validation})
frontend = st.builds(
    lambda default, port: {"default": default, "perPort": [] if port is None else [{"port": 8080, "tls": port}]},
    tls_config,
    st.none() | tls_config,
)
client_certificate = st.fixed_dictionaries(
    {"name": names}, optional={"namespace": namespaces, "kind": st.sampled_from(("Secret", "Odd"))}
)
gateway_tls = st.fixed_dictionaries(
    {},
    optional={"frontend": frontend, "backend": st.fixed_dictionaries({"clientCertificateRef": client_certificate})},
)
"""What a Gateway says of TLS with its clients and its backends."""

policy_validation = st.one_of(
    st.fixed_dictionaries(
        {
            "hostname": st.sampled_from(("a.example.com", "b.example.com")),
            "caCertificateRefs": st.lists(local_authority, min_size=1, max_size=2),
        },
        optional={"subjectAltNames": st.just([{"type": "URI", "uri": "spiffe://example.com/a"}])},
    ),
    st.fixed_dictionaries(
        {
            "hostname": st.just("a.example.com"),
            "wellKnownCACertificates": st.sampled_from(("System", "example.com/odd")),
        }
    ),
)
policy_spec = st.fixed_dictionaries(
    {
        "targetRefs": st.lists(
            st.fixed_dictionaries(
                {"group": st.just(""), "kind": st.sampled_from(("Service", "Service", "Odd")), "name": names},
                optional={"sectionName": st.sampled_from(("http", "admin", "odd"))},
            ),
            min_size=1,
            max_size=2,
        ),
        "validation": policy_validation,
    },
    optional={"options": st.sampled_from(({"odd": "x"}, {"example.com/odd": "x"}))},
)
"""What a BackendTLSPolicy asks for."""

GRANTED = [{"group": "", "kind": "ConfigMap"}, {"group": "", "kind": "Secret"}]
"""To what a ReferenceGrant may lead."""


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _held(kind: str, namespace: str, name: str, rest: dict[str, Any]) -> tuple[str, Object]:
    return kind, from_document(kind, {"metadata": {"namespace": namespace, "name": name}, **rest})


secret_data = st.one_of(
    st.sampled_from(PAIRS).map(lambda pair: {"tls.crt": _encoded(pair[0]), "tls.key": _encoded(pair[1])}),
    bundles.map(lambda pem: {"ca.crt": _encoded(pem)}),
)
held: st.SearchStrategy[tuple[str, Object]] = st.one_of(
    st.builds(
        lambda *where, pem: _held("ConfigMap", *where, {"data": {"ca.crt": pem}}), namespaces, names, pem=bundles
    ),
    st.builds(
        lambda *where, data: _held("Secret", *where, {"type": "kubernetes.io/tls", "data": data}),
        namespaces,
        names,
        data=secret_data,
    ),
    st.builds(lambda name, pem: _held("ClusterTrustBundle", "", name, {"spec": {"trustBundle": pem}}), names, bundles),
)
"""What holds certificates and authorities, good ones and bad ones."""
