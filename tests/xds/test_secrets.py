"""Secrets of Envoy's: which a Gateway gets, what is in them, and who is concerned where one is refused."""

import base64
from typing import Any

import pytest
from envoy.extensions.transport_sockets.tls.v3 import secret_pb2
from google.protobuf import json_format

from tests.attach.issuing import certificate, ec_key
from tests.builders import secret
from tests.envoy import static
from tests.xds.world import EDGE, EVERYTHING, World, http, https, to, when
from translator import ir
from translator.attach.authorities import Bundle
from translator.value import Key, Ref
from translator.xds import verdicts
from translator.xds.resource import Refused, Resource, ResourceType
from translator.xds.secret import of_cluster, of_clusters, of_gateway

assert static.KNOWN
CA = Ref("ConfigMap", "shop", "ca")
MORE = Ref("Secret", "shop", "more")
PEM = certificate(ec_key())
SECURELY = ir.Forward((ir.Backend(ir.ClusterKey("shop", "cart", 80, "https1"), 1),))
TLS_KEY = Key("infra", "edge-tls")


def verifying(*authorities: Ref) -> ir.Verification:
    return ir.Verification("cart.example.com", (("DNS", "cart.example.com"),), authorities)


def world(*authorities: Ref, listener: ir.Listener = http()) -> World:
    """A Gateway with a route to a cluster that trusts these authorities."""
    made = World(listener).service("cart", protocol="https1", verification=verifying(*authorities))
    made.bundles.put(CA, Bundle(PEM))
    made.bundles.put(MORE, Bundle(PEM))
    return made.route("cart", when(EVERYTHING, SECURELY))


def secrets(made: World) -> dict[str, Any]:
    found = made.commit().of_type[ResourceType.SECRET].items()
    return {name: read(row) for (_, name), row in found}


def read(row: Resource) -> dict[str, Any]:
    message = secret_pb2.Secret.FromString(row.body)
    found: dict[str, Any] = json_format.MessageToDict(message, preserving_proto_field_name=True)
    assert found.pop("name") == row.name
    return found


def trusting(pem: bytes) -> dict[str, Any]:
    return {"validation_context": {"trusted_ca": {"inline_bytes": base64.b64encode(pem).decode()}}}


def test_a_cluster_brings_its_authorities() -> None:
    assert secrets(world(CA)) == {"ca/ConfigMap/shop/ca": trusting(PEM)}


def test_several_authorities_are_one_bundle() -> None:
    assert secrets(world(CA, MORE)) == {"ca/ConfigMap/shop/ca+Secret/shop/more": trusting(PEM + PEM)}


def test_the_systems_authorities_are_a_file_of_envoys_machine() -> None:
    found = secrets(world(ir.SYSTEM_AUTHORITIES))
    assert found == {"ca/System": {"validation_context": {"trusted_ca": {"filename": "/etc/authorities.pem"}}}}


def test_without_authorities_there_is_no_secret_and_nothing_to_trust() -> None:
    made = world(CA)
    made.bundles.put(CA, ir.Refusal("InvalidCACertificateRef", "gone"))
    assert secrets(made) == {}


def test_a_gateway_brings_the_certificate_that_it_shows_for_clusters_over_tls_alone() -> None:
    made = world(CA)
    made.presented.put(EDGE, TLS_KEY)
    made.stored.put(TLS_KEY, secret("edge-tls", {"tls.crt": PEM, "tls.key": b"key"}, "infra"))
    assert sorted(secrets(made)) == ["ca/ConfigMap/shop/ca", "client-certificate"]
    plain = World(http()).service("cart").route("cart", when(EVERYTHING, to("cart")))
    plain.presented.put(EDGE, TLS_KEY)
    plain.stored.put(TLS_KEY, secret("edge-tls", {"tls.crt": PEM, "tls.key": b"key"}, "infra"))
    assert secrets(plain) == {}


def test_another_certificate_changes_a_secret_and_no_cluster() -> None:
    made = world(CA)
    for key in (TLS_KEY, Key("infra", "new-tls")):
        made.stored.put(key, secret(key.name, {"tls.crt": PEM + key.name.encode(), "tls.key": b"key"}, "infra"))
    made.presented.put(EDGE, TLS_KEY)
    made.commit()
    made.presented.put(EDGE, Key("infra", "new-tls"))
    made.bundles.put(CA, Bundle(PEM + PEM))
    made.commit()
    assert made.of_type[ResourceType.CLUSTER].changed == frozenset()
    changed = made.of_type[ResourceType.SECRET].changed
    assert {name for _, name in changed} == {"ca/ConfigMap/shop/ca", "client-certificate"}


def test_a_listener_brings_the_authorities_of_its_clients() -> None:
    listener = https("a", "a.com", 443, TLS_KEY, client_validation=ir.ClientValidation((CA,), required=True))
    made = World(listener)
    made.bundles.put(CA, Bundle(PEM))
    made.stored.put(TLS_KEY, secret("edge-tls", {"tls.crt": PEM, "tls.key": b"key"}, "infra"))
    assert sorted(secrets(made)) == ["ca/ConfigMap/shop/ca", "infra/edge-tls"]


@pytest.mark.parametrize(("version", "found"), [("1", True), ("2", False)])
def test_a_refused_secret_concerns_who_names_it(version: str, found: bool) -> None:
    """Listeners that serve it, and routes to the clusters that verify by it."""
    listener = https("a", "a.com", 443, TLS_KEY, client_validation=ir.ClientValidation((CA,), required=True))
    cluster = ir.Cluster("shop/cart/80/https1", ir.ClusterKey("shop", "cart", 80, "https1"), verification=verifying(CA))
    key = (EDGE, "ca/ConfigMap/shop/ca")
    named = of_cluster((EDGE, cluster.name), True, {cluster.name: cluster}, {})
    assert named is not None
    parent = ir.Parent(EDGE, (listener,))
    places = [*of_gateway(EDGE, parent), *of_clusters((EDGE, cluster.name), named)]
    shown = {key: tuple((place, content) for at, place, content in places if at == key)}
    route = Ref("HTTPRoute", "shop", "cart")
    verdict = verdicts.of_secret(
        key,
        Refused("1", "no"),
        {key: Resource(key[1], version, b"")},
        shown,
        {cluster.name: ((route, cluster.key),)},
        {},
    )
    assert (verdict is not None) is found
    if verdict is not None:
        assert verdict.listeners == (listener.key,)
