"""ReferenceGrants (apis/v1/referencegrant_types.go)."""

import pytest

from tests.builders import grant
from translator.attach.grants import by_namespace, permitted
from translator.value import Key

GATEWAY = "gateway.networking.k8s.io"
FROM_SHOP = {"group": GATEWAY, "kind": "HTTPRoute", "namespace": "shop"}
ANY_SERVICE = {"group": "", "kind": "Service"}


def test_a_grant_belongs_to_the_namespace_that_it_opens() -> None:
    given = grant("open", "vault", from_=(FROM_SHOP,), to=(ANY_SERVICE,))
    assert list(by_namespace(Key("vault", "open"), given)) == [("vault", "open", given.spec)]


def test_without_grants_nothing_is_permitted() -> None:
    assert not permitted(None, GATEWAY, "HTTPRoute", "shop", "", "Service", "cart")


def test_a_grant_without_names_permits_all_of_the_kind() -> None:
    grants = (("open", grant(from_=(FROM_SHOP,), to=(ANY_SERVICE,)).spec),)
    assert permitted(grants, GATEWAY, "HTTPRoute", "shop", "", "Service", "cart")


@pytest.mark.parametrize(
    "reference",
    [
        ("", "HTTPRoute", "shop", "", "Service", "cart"),
        (GATEWAY, "GRPCRoute", "shop", "", "Service", "cart"),
        (GATEWAY, "HTTPRoute", "other", "", "Service", "cart"),
        (GATEWAY, "HTTPRoute", "shop", "apps", "Service", "cart"),
        (GATEWAY, "HTTPRoute", "shop", "", "Secret", "cart"),
        (GATEWAY, "HTTPRoute", "shop", "", "Service", "till"),
    ],
)
def test_every_part_of_a_reference_must_be_granted(reference: tuple[str, str, str, str, str, str]) -> None:
    grants = (("open", grant(from_=(FROM_SHOP,), to=({**ANY_SERVICE, "name": "cart"},)).spec),)
    assert permitted(grants, GATEWAY, "HTTPRoute", "shop", "", "Service", "cart")
    assert not permitted(grants, *reference)


def test_from_and_to_of_different_grants_do_not_combine() -> None:
    other = {"group": GATEWAY, "kind": "HTTPRoute", "namespace": "other"}
    grants = (
        ("a", grant(from_=(FROM_SHOP,), to=({"group": "", "kind": "Secret"},)).spec),
        ("b", grant(from_=(other,), to=(ANY_SERVICE,)).spec),
    )
    assert not permitted(grants, GATEWAY, "HTTPRoute", "shop", "", "Service", "cart")
