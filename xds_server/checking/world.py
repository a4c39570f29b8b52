"""The objects of some files in the tables that the translator's functions look things up in."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from translator.api import core, gateway
from translator.api.kinds import Object
from translator.attach.certificates import Certificate
from translator.attach.classes import Owned
from translator.attach.grants import Grants
from translator.attach.listener_filters import Filtering
from translator.attach.listeners import GatewayListeners, Listeners
from translator.attach.policies import Targeting
from translator.attach.traffic import Handling
from translator.attach.xbackends import Backing
from translator.incremental import Graph
from translator.ir import ListenerKey, Refusal
from translator.value import Key, Lookup, Ref
from translator.wiring import listeners, routes
from translator.wiring.sources import OBJECT_KINDS, Sources


class World(NamedTuple):
    """The translator's own tables, by key."""

    classes: Lookup[Key, gateway.GatewayClass]
    owned: Lookup[Key, Owned]
    """The classes of our controller."""
    gateways: Lookup[Key, gateway.Gateway]
    reported: Lookup[Key, GatewayListeners]
    """Gateways of ours."""
    sets: Lookup[Key, Listeners]
    """ListenerSets of Gateways of ours."""
    services: Lookup[Key, core.Service]
    namespaces: Lookup[Key, core.Namespace]
    granted: Lookup[str, Grants]
    targeted: Lookup[Key, Targeting]
    backings: Lookup[Key, Backing]
    """XBackends by themselves."""
    handled: Lookup[Key, Handling]
    """XBackendTrafficPolicies by themselves."""
    filtered: Lookup[ListenerKey, Filtering]
    """Listeners whose requests pass filters."""
    checked: Lookup[Key, Certificate | Refusal]
    certificates: Mapping[Key, Certificate | Refusal]
    """Those that listeners of ours serve."""

    def foreign(self, name: Key) -> bool:
        """Whether a Gateway is known to be of another controller's class."""
        found = self.gateways.get(name)
        if found is None:
            return False
        gateway_class = Key("", found.spec.gateway_class_name)
        return self.classes.get(gateway_class) is not None and self.owned.get(gateway_class) is None


def world_of(objects: Mapping[Ref, Object], controller_name: str) -> World:
    """Arrange objects in tables."""
    graph = Graph()
    sources = Sources(graph)
    attached = listeners.declare(graph, sources, controller_name)
    routed = routes.declare(graph, sources, attached)
    for ref, value in objects.items():
        if ref.kind in (*OBJECT_KINDS, core.SERVICE_IMPORT):
            sources.put(ref.kind, value)
    graph.commit()
    given: Mapping[str, Any] = sources.objects
    served = {key for _, it in attached.parents.items() for listener in it.listeners for key in listener.certificates}
    served.update(key for _, key in attached.presented.items())
    return World(
        classes=given["GatewayClass"],
        owned=attached.owned,
        gateways=given["Gateway"],
        reported=attached.reported,
        sets=attached.sets,
        services=given["Service"],
        namespaces=given["Namespace"],
        granted=attached.granted,
        targeted=routed.targeted,
        backings=routed.backings,
        handled=routed.traffic_judged,
        filtered=routed.filtered,
        checked=attached.checked,
        certificates={key: found for key in sorted(served) if (found := attached.checked.get(key)) is not None},
    )
