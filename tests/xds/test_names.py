"""Names are made from keys alone and never shared."""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from translator import ir
from translator.value import Key, Ref
from translator.xds import names

LABELS = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,3}[a-z0-9])?", fullmatch=True)
PORTS = st.integers(1, 65535)
PROTOCOLS = st.sampled_from(["http1", "http2", "https1", "https2"])
KINDS = st.sampled_from(["Service", "XBackend"])
CLUSTERS = st.builds(ir.ClusterKey, LABELS, LABELS, PORTS, PROTOCOLS, KINDS)
GATEWAY = Ref("Gateway", "infra", "edge")
LISTENERS = st.builds(ir.ListenerKey, st.just(GATEWAY) | st.builds(Ref, st.just("ListenerSet"), LABELS, LABELS), LABELS)


def is_injective(name: Callable[..., str], keys: Iterable[Any]) -> bool:
    distinct = set(keys)
    return len({name(key) for key in distinct}) == len(distinct)


@given(st.lists(CLUSTERS))
def test_two_clusters_never_share_a_name(keys: list[ir.ClusterKey]) -> None:
    assert is_injective(names.cluster_name, keys)


@given(st.lists(st.builds(Key, LABELS, LABELS)))
def test_two_secrets_never_share_a_name(keys: list[Key]) -> None:
    assert is_injective(names.secret_name, keys)


@given(st.lists(st.tuples(PORTS, LISTENERS)))
def test_two_https_listeners_never_share_a_route_table(keys: list[tuple[int, ir.ListenerKey]]) -> None:
    assert is_injective(lambda key: names.table_name("HTTPS", *key), keys)


@given(st.lists(LISTENERS))
def test_two_listeners_never_share_a_filter_chain(keys: list[ir.ListenerKey]) -> None:
    assert is_injective(names.chain_name, keys)


def test_no_cluster_is_named_like_the_one_that_never_exists() -> None:
    assert "/" not in names.NO_CLUSTER


def test_names_read_like_the_objects_they_come_from() -> None:
    web = ir.ListenerKey(GATEWAY, "web")
    extra = ir.ListenerKey(Ref("ListenerSet", "shop", "extra"), "web")
    assert names.cluster_name(ir.ClusterKey("shop", "cart", 8080)) == "shop/cart/8080"
    assert names.cluster_name(ir.ClusterKey("shop", "cart", 8080, "http2")) == "shop/cart/8080/http2"
    assert names.listener_name("HTTPS", 443) == "tcp/443"
    assert names.listener_name("UDP", 53) == "udp/53"
    assert names.table_name("HTTP", 80, web) == "http/80/0"
    assert names.table_name("HTTPS", 443, web) == "https/443/web/0"
    assert names.table_name("HTTPS", 443, extra) == "https/443/ListenerSet/shop/extra/web/0"
    assert names.secret_name(Key("shop", "cart-tls")) == "shop/cart-tls"
