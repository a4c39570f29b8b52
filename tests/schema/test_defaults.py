"""Fields are filled in as the schemas say, nested ones too."""

from tests.schema.documents import GATEWAY_V1, admit, document, gateway, http_route, service


def test_a_bare_http_route_rule_matches_every_path() -> None:
    assert admit(http_route({}, parentRefs=[{"name": "edge"}])).document == {
        "apiVersion": GATEWAY_V1,
        "kind": "HTTPRoute",
        "metadata": {"name": "a", "namespace": "default"},
        "spec": {
            "parentRefs": [{"name": "edge", "group": "gateway.networking.k8s.io", "kind": "Gateway"}],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}],
        },
    }


def test_a_route_without_rules_has_one_that_matches_everything() -> None:
    assert admit(document("HTTPRoute", spec={})).document["spec"] == {
        "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]
    }


def test_a_match_without_a_path_matches_every_path() -> None:
    assert admit(http_route({"matches": [{"method": "GET"}]})).document["spec"]["rules"] == [
        {"matches": [{"method": "GET", "path": {"type": "PathPrefix", "value": "/"}}]}
    ]


def test_a_backend_is_a_service_of_weight_one() -> None:
    assert admit(http_route({"backendRefs": [{"name": "cart", "port": 80}]})).document["spec"]["rules"][0][
        "backendRefs"
    ] == [{"name": "cart", "port": 80, "group": "", "kind": "Service", "weight": 1}]


def test_a_listener_admits_routes_of_its_own_namespace() -> None:
    listener = {"name": "web", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "cert"}]}}
    assert admit(gateway(listener)).document["spec"]["listeners"] == [
        {
            "name": "web",
            "port": 443,
            "protocol": "HTTPS",
            "allowedRoutes": {"namespaces": {"from": "Same"}},
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": "cert", "group": "", "kind": "Secret"}]},
        }
    ]


def test_null_is_absence_and_gets_the_default() -> None:
    backend = {"name": "cart", "port": 80, "weight": None, "namespace": None}
    assert admit(http_route({"backendRefs": [backend]})).document["spec"]["rules"][0]["backendRefs"] == [
        {"name": "cart", "port": 80, "group": "", "kind": "Service", "weight": 1}
    ]


def test_a_whole_number_in_decimal_notation_is_an_integer() -> None:
    port = admit(gateway({"name": "web", "port": 80.0, "protocol": "HTTP"})).document["spec"]["listeners"][0]["port"]
    assert (port, type(port)) == (80, int)


def test_a_default_is_never_shared_between_documents() -> None:
    first, second = (admit(http_route({})).document for _ in range(2))
    first["spec"]["rules"][0]["matches"][0]["path"]["value"] = "/changed"
    assert second["spec"]["rules"][0]["matches"][0]["path"]["value"] == "/"


def test_the_document_given_is_left_alone() -> None:
    given = http_route({}, unheard=1)
    admit(given)
    assert given == http_route({}, unheard=1)


def test_a_service_port_targets_its_own_number_over_tcp() -> None:
    assert admit(service(ports=[{"port": 80}])).document["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }


def test_a_named_target_port_stays() -> None:
    assert admit(service(ports=[{"port": 80, "targetPort": "web"}])).document["spec"]["ports"] == [
        {"port": 80, "protocol": "TCP", "targetPort": "web"}
    ]


def test_string_data_is_merged_into_a_secrets_data_and_wins() -> None:
    secret = document("Secret", "v1", data={"a": "b2xk", "b": "Yg=="}, stringData={"a": "new"})
    assert admit(secret).document == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "a", "namespace": "default"},
        "type": "Opaque",
        "data": {"a": "bmV3", "b": "Yg=="},
    }


def test_a_namespace_is_labelled_with_its_name() -> None:
    assert admit(document("Namespace", "v1", name="shop")).document["metadata"] == {
        "name": "shop",
        "labels": {"kubernetes.io/metadata.name": "shop"},
    }


def test_an_endpoint_slice_port_is_nameless_over_tcp() -> None:
    slice_ = document(
        "EndpointSlice",
        "discovery.k8s.io/v1",
        addressType="IPv4",
        endpoints=[{"addresses": ["10.0.0.1"]}],
        ports=[{"port": 8080}],
    )
    assert admit(slice_).document["ports"] == [{"port": 8080, "name": "", "protocol": "TCP"}]
