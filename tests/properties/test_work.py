"""Work is counted, not timed: what an edit costs does not depend on how many routes there are."""

import pytest

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.builders import backend_tls_policy, config_map, secret
from translator.api.kinds import from_document
from translator.api.routes import HTTPRoute
from translator.pipeline import Commit, Translator
from translator.value import Key

ROUTES = 2000
CERTIFICATES = [certificate(ec_key(nth=nth)).decode() for nth in range(2)]


def route(n: int, path: str = "/") -> HTTPRoute:
    """The n-th route: a host of its own and a Service of its own."""
    value = from_document(
        "HTTPRoute",
        {
            "metadata": {"namespace": "shop", "name": f"r{n}"},
            "spec": {
                "parentRefs": [{"name": "gw", "sectionName": "web"}],
                "hostnames": [f"h{n}.example.com"],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": path}}],
                        "backendRefs": [{"name": f"s{n}", "port": 80}],
                    }
                ],
            },
        },
    )
    assert isinstance(value, HTTPRoute)
    return value


@pytest.fixture
def translator() -> Translator:
    """2,000 routes on one listener."""
    translator = Translator()
    translator.put(
        "GatewayClass",
        from_document(
            "GatewayClass", {"metadata": {"name": "c"}, "spec": {"controllerName": "gatehouse.dev/gateway-controller"}}
        ),
    )
    translator.put("Gateway", gateway())
    for n in range(ROUTES):
        translator.put("HTTPRoute", route(n))
        service = {"metadata": {"namespace": "shop", "name": f"s{n}"}, "spec": {"ports": [{"port": 80}]}}
        translator.put("Service", from_document("Service", service))
        translator.put("EndpointSlice", endpoints(n, "10.0.0.1"))
    translator.commit()
    return translator


def gateway(**labels: str) -> object:
    """The Gateway of all routes."""
    return from_document(
        "Gateway",
        {
            "metadata": {"namespace": "shop", "name": "gw", "labels": labels},
            "spec": {"gatewayClassName": "c", "listeners": [{"name": "web", "port": 80, "protocol": "HTTP"}]},
        },
    )


def endpoints(n: int, address: str) -> object:
    """The endpoints of the n-th Service."""
    return from_document(
        "EndpointSlice",
        {
            "metadata": {"namespace": "shop", "name": f"s{n}-1", "labels": {"kubernetes.io/service-name": f"s{n}"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [address]}],
            "ports": [{"name": "", "port": 8080}],
        },
    )


def work(translator: Translator) -> tuple[Commit, dict[str, int]]:
    """Commit, and count the rows that were computed by table."""
    before = dict(translator.runs)
    commit = translator.commit()
    return commit, {name: runs - before[name] for name, runs in translator.runs.items() if runs != before[name]}


def test_one_edited_route_is_one_binding_one_encode_and_one_virtual_host(translator: Translator) -> None:
    """Of 2,000 routes on one listener, the one that was edited is what is computed."""
    translator.put("HTTPRoute", route(7, "/cart"))
    commit, counted = work(translator)
    assert max(counted.values()) == 1
    [changed] = commit.hosts
    assert (changed.table.partition(".")[0], changed.name) == ("http/80/64", "h7.example.com")
    assert commit.resources == ()


def test_a_changed_pod_is_one_load_assignment(translator: Translator) -> None:
    """An EndpointSlice touches neither routes nor listeners."""
    translator.put("EndpointSlice", endpoints(7, "10.0.0.2"))
    commit, counted = work(translator)
    assert max(counted.values()) == 1
    assert [change.name for change in commit.resources] == ["shop/s7/80"]
    assert commit.hosts == commit.tables == commit.statuses == ()


def test_a_status_only_event_is_nothing(translator: Translator) -> None:
    """The echo of a status write, a new resourceVersion and an edited label are not changes at all."""
    translator.put("HTTPRoute", route(7))
    translator.put("Gateway", gateway(team="a"))
    commit, counted = work(translator)
    assert not commit
    assert counted == {}


def test_an_added_route_touches_its_host_and_the_count_of_its_listener(translator: Translator) -> None:
    """A new route computes itself, its host and the listener's attachedRoutes."""
    translator.put("HTTPRoute", route(ROUTES))
    commit, counted = work(translator)
    assert max(counted.values()) == 1
    assert [change.name for change in commit.hosts] == [f"h{ROUTES}.example.com"]
    assert {change.ref.kind for change in commit.statuses} == {"HTTPRoute", "Gateway"}


def test_a_deleted_route_leaves_nothing_behind(translator: Translator) -> None:
    """Its virtual host and its cluster go with it."""
    translator.delete("HTTPRoute", Key("shop", "r7"))
    commit, _ = work(translator)
    assert [(change.name, change.host) for change in commit.hosts] == [("h7.example.com", None)]
    assert {(change.name, change.resource) for change in commit.resources} == {("shop/s7/80", None)}


def test_another_sampling_rate_is_one_encode_for_each_route_and_no_listener(translator: Translator) -> None:
    """Who receives spans changes the listener, once; rates and what spans say are for the routes alone."""

    def policy(rate: int) -> object:
        provider = {"backendRef": {"name": "s7", "port": 80}}
        tracing = {"mode": "Enabled", "provider": provider, "samplingRate": {"numerator": rate}}
        metadata = {"namespace": "shop", "name": "tracing"}
        return from_document(
            "XTelemetryPolicy", {"metadata": metadata, "spec": {"targetRefs": [{"name": "gw"}], "tracing": tracing}}
        )

    translator.put("XTelemetryPolicy", policy(5))
    commit, _ = work(translator)
    assert [change.name for change in commit.resources] == ["shop/s7/80/http2", "shop/s7/80/http2", "tcp/80"]
    translator.put("XTelemetryPolicy", policy(50))
    commit, counted = work(translator)
    assert commit.resources == ()
    assert counted["encoded routes"] == counted["virtual hosts"] == len(commit.hosts) == ROUTES
    assert "resolved" not in counted


def test_a_renewed_authority_is_one_secret(translator: Translator) -> None:
    """Policies on a hundred Services trust it: no cluster, route or status is touched."""
    translator.put("ConfigMap", config_map("ca", CERTIFICATES[0]))
    for n in range(100):
        translator.put("BackendTLSPolicy", backend_tls_policy(f"s{n}", name=f"p{n}"))
    translator.commit()
    translator.put("ConfigMap", config_map("ca", CERTIFICATES[1]))
    commit, counted = work(translator)
    assert [(change.type.name, change.name) for change in commit.resources] == [("SECRET", "ca/ConfigMap/shop/ca")]
    assert commit.hosts == commit.tables == commit.statuses == ()
    assert counted == {"ConfigMap": 1, "authorities": 1, "policies judged": 100, "secret resources": 1}


def test_another_client_certificate_is_one_secret(translator: Translator) -> None:
    """Clusters say that a certificate is shown, and not which."""
    for name, nth in (("one", 0), ("two", 1)):
        pair = {"tls.crt": CERTIFICATES[nth].encode(), "tls.key": key_pem(ec_key(nth=nth))}
        translator.put("Secret", secret(name, pair))
    translator.put("ConfigMap", config_map("ca", CERTIFICATES[0]))
    for n in range(100):
        translator.put("BackendTLSPolicy", backend_tls_policy(f"s{n}", name=f"p{n}"))
    translator.put("Gateway", showing("one"))
    translator.commit()
    translator.put("Gateway", showing("two"))
    commit, _ = work(translator)
    assert [(change.type.name, change.name) for change in commit.resources] == [("SECRET", "client-certificate")]
    assert commit.hosts == commit.tables == commit.statuses == ()


def showing(name: str) -> object:
    """The Gateway of all routes, with a certificate for backends."""
    tls = {"backend": {"clientCertificateRef": {"name": name}}}
    listeners = [{"name": "web", "port": 80, "protocol": "HTTP"}]
    spec = {"gatewayClassName": "c", "listeners": listeners, "tls": tls}
    return from_document("Gateway", {"metadata": {"namespace": "shop", "name": "gw"}, "spec": spec})
