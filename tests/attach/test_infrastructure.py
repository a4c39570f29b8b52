"""What the Envoys of a Gateway run on, and when that is left alone."""

from typing import Any

from tests.attach.resolving import resolve
from tests.builders import build, gateway, https, listener, meta
from translator import ir
from translator.api.gateway import Gateway
from translator.api.parameters import EnvoyParameters, EnvoyParametersSpec
from translator.attach.classes import Owned
from translator.attach.infrastructure import of_gateway, ports
from translator.ir import Held, Infrastructure, Refusal
from translator.value import Key

EDGE = Key("shop", "edge")
BIG = Key("shop", "big")
REFERENCE = {"parametersRef": {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": "big"}}


def infrastructure(
    given: Gateway,
    owned: Owned = Owned(),
    parameters: dict[Key, EnvoyParameters] | None = None,
    placement: ir.Placement = ir.Placement(),
) -> Infrastructure | Held | None:
    classes = {Key("", "gatehouse"): owned}
    found = resolve([given], owned=classes, placements={EDGE: placement}, parameters=parameters)
    reported = found.gateways[EDGE]
    exposed = {EDGE: tuple((port, True) for port in sorted({it[0][1] for it in ports(EDGE, reported)}))}
    return of_gateway(EDGE, reported, {EDGE: given}, classes, parameters or {}, exposed)


def test_ports_are_those_of_accepted_listeners_once_each() -> None:
    """An HTTPS listener whose certificate is missing keeps its port: the certificate may come."""
    given = gateway(
        listener("web"),
        listener("shop", hostname="shop.example.com"),
        https("secure", "cert"),
        listener("odd", 9000, "example.com/odd"),
    )
    found = infrastructure(given)
    assert isinstance(found, Infrastructure)
    assert found.ports == ((80, "TCP"), (443, "TCP"))


def test_a_port_that_the_envoys_need_themselves_is_refused() -> None:
    found = infrastructure(gateway(listener("web"), listener("odd", 19001)), placement=ir.Placement(reserved=(19001,)))
    assert isinstance(found, Infrastructure)
    assert found.ports == ((80, "TCP"),)


def test_labels_annotations_and_addresses_are_carried() -> None:
    given = gateway(
        addresses=[{"value": "172.31.254.240"}],
        infrastructure={"labels": {"team": "shop"}, "annotations": {"note": "x"}},
        metadata=meta("edge", uid="7"),
    )
    assert infrastructure(given) == Infrastructure(
        uid="7",
        class_name="gatehouse",
        ports=((80, "TCP"),),
        addresses=("172.31.254.240",),
        labels={"team": "shop"},
        annotations={"note": "x"},
    )


def test_parameters_of_the_gateway_override_those_of_its_class() -> None:
    parameters = {BIG: build(meta("big"), {"replicas": 3}, EnvoyParameters)}
    owned = Owned(parameters=EnvoyParametersSpec(replicas=2, image="envoy:mine"))
    found = infrastructure(gateway(infrastructure=REFERENCE), owned, parameters)
    assert isinstance(found, Infrastructure)
    assert found.parameters == EnvoyParametersSpec(replicas=3, image="envoy:mine")


def test_a_gateway_that_is_refused_keeps_what_it_runs_on() -> None:
    refused: list[tuple[Gateway, Any]] = [
        (gateway(infrastructure=REFERENCE), Owned()),
        (gateway(), Owned(refusal=Refusal("InvalidParameters", "no"))),
        (gateway(addresses=[{"type": "example.com/fake", "value": "x"}]), Owned()),
    ]
    assert [infrastructure(given, owned) for given, owned in refused] == [Held("gatehouse")] * 3


def test_a_gateway_without_a_port_keeps_what_it_runs_on() -> None:
    assert infrastructure(gateway(listener("odd", 9000, "example.com/odd"))) == Held("gatehouse")
