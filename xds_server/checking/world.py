"""The objects of some files in the tables that the translator's functions look things up in."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias, TypeVar

from translator.api import core, gateway, policies
from translator.api.kinds import Object
from translator.api.parameters import EnvoyParameters
from translator.attach import certificates, claims, classes, grants, holders
from translator.attach import policies as attached_policies
from translator.attach.certificates import Certificate
from translator.attach.claims import Address, Place, Speech
from translator.attach.classes import Owned
from translator.attach.grants import Grants
from translator.attach.holders import Holder, ParentGateway
from translator.attach.policies import Targeting
from translator.ir import ListenerKey, Refusal
from translator.value import Key, Ref

T = TypeVar("T", bound=Object)
V = TypeVar("V")

Spread: TypeAlias = Callable[[Key, Any], Iterable[tuple[Any, Any, Any]]]
"""From a row to those of groups: (group, order, value)."""


class World(NamedTuple):
    """Tables by key; `owned` holds the classes of our controller, `certificates` what became of each Secret wanted."""

    classes: Mapping[Key, gateway.GatewayClass]
    owned: Mapping[Key, Owned]
    gateways: Mapping[Key, gateway.Gateway]
    ours: Mapping[Key, ParentGateway]
    held: Mapping[Key, Holder]
    """ListenerSets of Gateways of ours."""
    speeches: Mapping[Place, Speech]
    owners: Mapping[Address, ListenerKey]
    covering: Mapping[Address, frozenset[Ref]]
    services: Mapping[Key, core.Service]
    namespaces: Mapping[Key, core.Namespace]
    granted: Mapping[str, Grants]
    targeted: Mapping[Key, Targeting]
    certificates: Mapping[Key, Certificate | Refusal]
    parameters: Mapping[Key, EnvoyParameters]

    def foreign(self, name: Key) -> bool:
        """Whether a Gateway is known to be of another controller's class."""
        found = self.gateways.get(name)
        gateway_class = Key("", found.spec.gateway_class_name) if found is not None else None
        return gateway_class in self.classes and gateway_class not in self.owned


def world_of(objects: Mapping[Ref, Object], controller_name: str) -> World:
    """Arrange objects in tables."""
    gateway_classes = _of_kind(objects, gateway.GatewayClass)
    parameters = _of_kind(objects, EnvoyParameters)
    owned = {key: classes.owned(controller_name, key, value, parameters) for key, value in gateway_classes.items()}
    our_classes = _some(owned)
    gateways, sets = _of_kind(objects, gateway.Gateway), _of_kind(objects, gateway.ListenerSet)
    namespaces = _of_kind(objects, core.Namespace)
    ours = _some({key: holders.parent_gateway(key, it, our_classes, parameters) for key, it in gateways.items()})
    held = _some({key: holders.of_listener_set(key, it, ours, namespaces) for key, it in sets.items()})
    ports = _grouped((gateways, claims.ports_of_gateway), (held, claims.ports_of_holder))
    addresses = _grouped((gateways, claims.addresses_of_gateway), (held, claims.addresses_of_holder))
    below = _grouped((gateways, claims.below_gateway), (held, claims.below_holder))
    speeches = {place: claims.speech(place, rows) for place, rows in ports.items()}
    return World(
        classes=gateway_classes,
        owned=our_classes,
        gateways=gateways,
        ours=ours,
        held=held,
        speeches=speeches,
        owners=_some({address: claims.owner(address, rows, speeches) for address, rows in addresses.items()}),
        covering=_some({address: claims.covered(address, rows) for address, rows in below.items()}),
        services=_of_kind(objects, core.Service),
        namespaces=namespaces,
        granted=_grouped((_of_kind(objects, policies.ReferenceGrant), grants.by_namespace)),
        targeted=_grouped((_of_kind(objects, policies.BackendTLSPolicy), attached_policies.by_service)),
        certificates=_certificates(
            {
                **{Ref("Gateway", *key): it for key, it in gateways.items() if key in ours},
                **{Ref("ListenerSet", *key): it for key, it in sets.items() if key in held},
            },
            _of_kind(objects, core.Secret),
        ),
        parameters=parameters,
    )


def _of_kind(objects: Mapping[Ref, Object], struct: type[T]) -> dict[Key, T]:
    return {ref.key: value for ref, value in objects.items() if isinstance(value, struct)}


def _grouped(*inputs: tuple[Mapping[Key, Any], Spread]) -> dict[Any, Any]:
    """Regroup rows as the engine does: each group a tuple of (order, value) pairs in that order."""
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for rows, spread in inputs:
        for key, row in rows.items():
            for group, order, value in spread(key, row):
                found.setdefault(group, []).append((order, value))
    return {group: tuple(sorted(pairs, key=itemgetter(0))) for group, pairs in found.items()}


def _some(rows: Mapping[Any, V | None]) -> dict[Any, V]:
    return {key: row for key, row in rows.items() if row is not None}


def _certificates(
    owners: Mapping[Ref, gateway.Gateway | gateway.ListenerSet], secrets: Mapping[Key, core.Secret]
) -> dict[Key, Certificate | Refusal]:
    wanted = {secret for ref, value in owners.items() for secret, _, _ in certificates.wanted(ref.kind, ref.key, value)}
    return {secret: certificates.check(secret, (), secrets) for secret in wanted}
