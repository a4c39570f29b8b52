"""The objects of some files in the tables that the translator's functions look things up in."""

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from translator.api import core, gateway, policies
from translator.api.kinds import Object
from translator.api.parameters import EnvoyParameters
from translator.attach import certificates, classes, grants
from translator.attach import policies as attached_policies
from translator.attach.certificates import Certificate
from translator.attach.classes import Owned
from translator.attach.grants import Grants
from translator.attach.policies import Targeting
from translator.ir import Refusal
from translator.value import Key, Ref

T = TypeVar("T", bound=Object)


class World(NamedTuple):
    """Tables by key; `owned` holds the classes of our controller, `certificates` what became of each Secret wanted."""

    classes: Mapping[Key, gateway.GatewayClass]
    owned: Mapping[Key, Owned]
    gateways: Mapping[Key, gateway.Gateway]
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
    ours = {key: value for key, value in owned.items() if value is not None}
    gateways = _of_kind(objects, gateway.Gateway)
    return World(
        classes=gateway_classes,
        owned=ours,
        gateways=gateways,
        services=_of_kind(objects, core.Service),
        namespaces=_of_kind(objects, core.Namespace),
        granted=_grouped(_of_kind(objects, policies.ReferenceGrant), grants.by_namespace),
        targeted=_grouped(_of_kind(objects, policies.BackendTLSPolicy), attached_policies.by_service),
        certificates=_certificates(
            {key: it for key, it in gateways.items() if Key("", it.spec.gateway_class_name) in ours},
            _of_kind(objects, core.Secret),
        ),
        parameters=parameters,
    )


def _of_kind(objects: Mapping[Ref, Object], struct: type[T]) -> dict[Key, T]:
    return {ref.key: value for ref, value in objects.items() if isinstance(value, struct)}


def _grouped(rows: Mapping[Key, T], spread: Callable[[Key, T], Iterable[tuple[Any, Any, Any]]]) -> dict[Any, Any]:
    """Regroup rows as the engine does: each group a tuple of (order, value) pairs in that order."""
    found: dict[Any, list[tuple[Any, Any]]] = {}
    for key, row in rows.items():
        for group, order, value in spread(key, row):
            found.setdefault(group, []).append((order, value))
    return {group: tuple(sorted(pairs, key=itemgetter(0))) for group, pairs in found.items()}


def _certificates(
    gateways: Mapping[Key, gateway.Gateway], secrets: Mapping[Key, core.Secret]
) -> dict[Key, Certificate | Refusal]:
    wanted = {secret for key, value in gateways.items() for secret, _, _ in certificates.wanted(key, value)}
    return {secret: certificates.check(secret, (), secrets) for secret in wanted}
