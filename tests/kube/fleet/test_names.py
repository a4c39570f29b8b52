"""Names and labels of what is made for a Gateway."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.value import Key
from xds_server.kube.fleet.names import label_value, labels, object_name

DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
SUBDOMAINS = st.from_regex(
    r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?){0,3}", fullmatch=True
)


def test_objects_are_called_after_gateway_and_class() -> None:
    assert object_name("edge", "gatehouse") == "edge-gatehouse"


@pytest.mark.parametrize(
    ("gateway", "name"),
    [
        ("shop.example.com", "shop-example-com-gatehouse-88b839b6"),
        ("1st", "gateway-1st-gatehouse-bbd7605e"),
        ("a" * 253, "a" * 54 + "-7413cf9b"),
    ],
)
def test_a_name_that_a_service_cannot_have_is_changed_and_hashed(gateway: str, name: str) -> None:
    """Services are called by one label of at most 63 characters that begins with a letter."""
    assert object_name(gateway, "gatehouse") == name


@given(SUBDOMAINS, SUBDOMAINS)
def test_every_gateway_has_a_name_that_every_kind_may_have(gateway: str, gateway_class: str) -> None:
    assert DNS_LABEL.fullmatch(object_name(gateway, gateway_class))
    assert LABEL.fullmatch(label_value(gateway))


@given(SUBDOMAINS, SUBDOMAINS)
def test_names_that_are_cut_stay_apart(one: str, other: str) -> None:
    assert (label_value(one * 3) == label_value(other * 3)) == (one == other)


def test_labels_name_gateway_class_and_installation() -> None:
    assert labels(Key("shop", "edge"), "gatehouse", "example.com/mine") == {
        "gateway.networking.k8s.io/gateway-name": "edge",
        "gateway.networking.k8s.io/gateway-class-name": "gatehouse",
        "gatehouse.dev/controller": "example.com-mine-b32e8104",
        "app.kubernetes.io/managed-by": "gatehouse",
    }
