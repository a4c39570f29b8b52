"""What an Envoy in a pod is started with, and that a real one takes it."""

from typing import Any

import msgspec
import pytest
import yaml

from tests.builders import build, meta
from tests.envoy.running import validate
from translator.api.parameters import EnvoyParameters, Resources
from translator.value import Key
from xds_server.kube.fleet.bootstrap import bootstrap_of
from xds_server.kube.fleet.quantities import heap_bytes, quantity
from xds_server.kube.fleet.settings import Settings

EDGE = Key("shop", "edge")
SETTINGS = Settings("gatehouse.dev/gateway-controller", "gatehouse.gatehouse-system.svc", 18000, "gatehouse:dev")


def bootstrap(settings: Settings = SETTINGS, **spec: Any) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(
        bootstrap_of(EDGE, build(meta("big"), spec, EnvoyParameters).spec, settings)
    )
    return document


def test_probes_are_answered_over_ipv6_where_kubelets_use_it() -> None:
    reached = msgspec.structs.replace(SETTINGS, ipv6=True)
    (four,), (six,) = (bootstrap(it)["static_resources"]["listeners"] for it in (SETTINGS, reached))
    assert four["address"]["socket_address"] == {"address": "0.0.0.0", "port_value": 19001}
    assert six["address"]["socket_address"] == {"address": "::", "ipv4_compat": True, "port_value": 19001}


def test_it_belongs_to_its_gateway_and_keeps_its_admin_interface_to_its_pod() -> None:
    found = bootstrap()
    assert found["node"]["cluster"] == "shop/edge"
    assert found["admin"]["address"] == {"pipe": {"path": "/run/envoy/admin.sock"}}


def test_statistics_are_added_to_the_usual_ones() -> None:
    def patterns(document: dict[str, Any]) -> list[Any]:
        found: list[Any] = document["stats_config"]["stats_matcher"]["inclusion_list"]["patterns"]
        return found

    more = patterns(bootstrap(stats={"prefixes": ["http."], "regexes": ["cluster.*lb.*"]}))
    assert more == [*patterns(bootstrap()), {"prefix": "http."}, {"safe_regex": {"regex": "cluster.*lb.*"}}]


def test_the_heap_stays_below_the_memory_limit() -> None:
    assert heap_bytes(Resources(limits={"memory": "1Gi"}), 7) == 858993459
    assert heap_bytes(Resources(requests={"memory": "1Gi"}), 7) == 7
    assert heap_bytes(None, 7) == 7


@pytest.mark.parametrize(
    ("text", "number"),
    [("128974848", 128974848), ("129e6", 129000000), ("129M", 129000000), ("123Mi", 128974848), ("1.5Gi", 1610612736)],
)
def test_quantities_are_read_as_kubernetes_writes_them(text: str, number: int) -> None:
    assert quantity(text) == number


def test_what_is_no_quantity_is_none() -> None:
    assert [quantity(it) for it in ("", "much", "1Qi", "-1")] == [None, None, None, None]


@pytest.mark.envoy
def test_envoy_takes_it() -> None:
    validate(bootstrap(stats={"regexes": ["cluster.*lb.*"]}))
