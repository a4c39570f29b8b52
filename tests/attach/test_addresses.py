"""Addresses by routability (GEP-5093): each entry is for itself; what cannot be had is left out and not replaced."""

from typing import Any

import pytest

from tests.attach.resolving import resolve
from tests.builders import gateway
from translator import ir
from translator.attach.addresses import within_cluster
from translator.attach.status import of_gateway
from translator.status import GatewayStatus
from translator.value import Key

EDGE = Key("shop", "edge")
BALANCER, CLUSTER = "203.0.113.10", "10.96.0.42"
BOTH = ir.Placement(addresses=(("IPAddress", BALANCER),), cluster=(CLUSTER,))
WITHIN = ir.Placement(addresses=(("IPAddress", CLUSTER),), cluster=(CLUSTER,))
NOWHERE = ir.Placement(addresses=(("IPAddress", "127.0.0.2"),))

Answer = tuple[bool | None, str]


def status(placement: ir.Placement | None, *asked: dict[str, str]) -> GatewayStatus:
    row = resolve([gateway(addresses=list(asked))]).gateways[EDGE]
    placements = {} if placement is None else {EDGE: placement}
    return of_gateway(EDGE, row, {}, {}, placements, {}, {}, {})


def answers(found: GatewayStatus) -> dict[str, Answer]:
    return {it.type: (it.status, it.reason) for it in found.conditions}


def reached(found: GatewayStatus) -> list[tuple[str, str]]:
    return [(value, scope) for (_, value), scope in zip(found.addresses, found.routabilities, strict=True)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([{"routability": "Cluster"}], [(CLUSTER, "Cluster")]),
        ([{}, {"routability": "Cluster"}], [(BALANCER, ""), (CLUSTER, "Cluster")]),
        ([{"routability": "Cluster"}, {}], [(CLUSTER, "Cluster"), (BALANCER, "")]),
        ([{"routability": "Cluster", "value": CLUSTER}], [(CLUSTER, "Cluster")]),
        ([{"value": BALANCER}, {"routability": "Cluster"}], [(BALANCER, ""), (CLUSTER, "Cluster")]),
    ],
)
def test_each_entry_has_an_address_of_its_own(asked: list[dict[str, str]], expected: list[tuple[str, str]]) -> None:
    found = status(BOTH, *asked)
    assert reached(found) == expected
    assert answers(found)["AddressesAssigned"] == (True, "AddressesAssigned")
    assert answers(found)["Programmed"] == (True, "Programmed")


def test_without_another_an_entry_that_asks_for_nothing_has_that_of_the_cluster() -> None:
    found = status(WITHIN, {}, {"routability": "Cluster"})
    assert reached(found) == [(CLUSTER, "Cluster")]
    assert answers(found)["AddressesAssigned"] == (False, "PartiallyAssigned")


@pytest.mark.parametrize(
    "asked",
    [
        {"routability": "Cluster", "value": "192.0.2.1"},
        {"routability": "example.com/corporate"},
        {"routability": "testing.x-k8s.io/other"},
    ],
)
def test_what_cannot_be_had_is_left_out(asked: dict[str, str]) -> None:
    some, none = status(BOTH, {}, asked), status(BOTH, asked)
    assert reached(some) == [(BALANCER, "")]
    assert answers(some)["AddressesAssigned"] == (False, "PartiallyAssigned")
    assert answers(some)["Programmed"] == (True, "Programmed")
    assert none.addresses == ()
    assert answers(none)["AddressesAssigned"] == (False, "NotAssigned")
    assert answers(none)["Programmed"] == (False, "AddressNotAssigned")
    assert answers(none)["Accepted"] == (True, "Accepted")


def test_outside_of_a_cluster_there_is_no_address_of_one() -> None:
    assert answers(status(NOWHERE, {"routability": "Cluster"}))["Programmed"] == (False, "AddressNotAssigned")


def test_nothing_is_said_of_routability_where_nobody_asks() -> None:
    """The field and the condition are of the experimental channel."""
    found = status(BOTH, {"value": BALANCER})
    assert found.routabilities == ()
    assert "AddressesAssigned" not in answers(found)


def test_before_it_is_known_where_a_gateway_is_nothing_is_said_of_assignment() -> None:
    assert "AddressesAssigned" not in answers(status(None, {"routability": "Cluster"}))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], ir.ClusterAddress()),
        ([{}], ir.ClusterAddress()),
        ([{"routability": "Cluster"}], ir.ClusterAddress(alone=True)),
        ([{"routability": "Cluster", "value": CLUSTER}], ir.ClusterAddress(CLUSTER, alone=True)),
        ([{}, {"routability": "Cluster", "value": CLUSTER}], ir.ClusterAddress(CLUSTER)),
    ],
)
def test_what_is_asked_of_the_service(asked: list[dict[str, Any]], expected: ir.ClusterAddress) -> None:
    assert within_cluster(gateway(addresses=asked).spec.addresses) == expected
