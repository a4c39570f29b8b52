"""Addresses of Gateways: one each, kept, and nobody else's."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from translator.value import Key
from xds_server.local.addresses import Claims, OutOfAddresses, assign

A, B, C = Key("shop", "a"), Key("shop", "b"), Key("shop", "c")
UNUSED = "127.21.0.1"
"""Outside of what any stack gives its Gateways, so that these tests get in nobody's way."""


@contextmanager
def claims(port_offset: int = 10_000) -> Iterator[Claims]:
    made = Claims(port_offset)
    yield made
    made.keep(())


def test_addresses_follow_the_order_of_names() -> None:
    assert assign({}, [B, A], lambda _: True) == {A: "127.20.0.1", B: "127.20.0.2"}


def test_a_gateway_keeps_its_address() -> None:
    """Whoever comes before it in the alphabet, or goes."""
    assert assign({B: "127.20.0.1"}, [A, B, C], lambda _: True) == {
        A: "127.20.0.2",
        B: "127.20.0.1",
        C: "127.20.0.3",
    }


def test_an_address_that_cannot_be_had_is_passed_over() -> None:
    """Another stack has it."""
    assert assign({}, [A, B], lambda address: address != "127.20.0.1") == {A: "127.20.0.2", B: "127.20.0.3"}


def test_there_may_be_none_left() -> None:
    with pytest.raises(OutOfAddresses, match="shop/a"):
        assign({}, [A], lambda _: False)


def test_an_address_is_had_by_one_at_a_time() -> None:
    """It is free again once it was given up."""
    with claims() as one, claims() as other:
        assert one.claim(UNUSED)
        assert one.claim(UNUSED)
        assert not other.claim(UNUSED)
        one.keep(())
        assert other.claim(UNUSED)


def test_stacks_with_different_offsets_may_meet() -> None:
    with claims(10_000) as one, claims(11_000) as other:
        assert one.claim(UNUSED)
        assert other.claim(UNUSED)


def test_an_address_that_is_not_of_this_machine_is_for_envoy_to_report() -> None:
    """Its words become a condition."""
    with claims() as one:
        assert one.claim("192.0.2.1")
