"""What Envoys refuse of ListenerSets is laid at the door of those who changed, and of nobody else."""

import pytest

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.builders import gateway, gateway_class, https, listener_set, secret
from translator.pipeline import Translator
from translator.status import GatewayStatus, ListenerSetStatus
from translator.value import Key, Ref
from translator.xds.resource import Refused, ResourceType

EDGE = Key("shop", "edge")
GATEWAY = Ref("Gateway", *EDGE)
OLD, NEW = Ref("ListenerSet", "shop", "old"), Ref("ListenerSet", "shop", "new")


class World:
    """A Gateway with a listener of its own, and ListenerSets, at port 443."""

    def __init__(self) -> None:
        self.translator = Translator()
        self.translator.put("GatewayClass", gateway_class())
        self.translator.put("Secret", secret("tls", {"tls.crt": certificate(ec_key()), "tls.key": key_pem(ec_key())}))
        self.gateway("own.example.com")
        self.add("old")

    def gateway(self, hostname: str) -> None:
        allowed = {"namespaces": {"from": "Same"}}
        self.translator.put("Gateway", gateway(https("own", "tls", hostname=hostname), allowedListeners=allowed))
        self.translator.commit()

    def add(self, name: str) -> None:
        self.translator.put("ListenerSet", listener_set(https("web", "tls", hostname=f"{name}.example.com"), name=name))
        self.translator.commit()

    def body(self) -> bytes:
        rows = {it.name: it for _, type_, it in self.translator.resources() if type_ is ResourceType.LISTENER}
        return rows["tcp/443"].body

    def refuse(self, held: bytes) -> tuple[Ref, ...]:
        """Let an Envoy that holds `held` refuse the port, and return whom that is laid at the door of."""
        rows = {it.name: it for _, type_, it in self.translator.resources() if type_ is ResourceType.LISTENER}
        suspects = self.translator.newcomers(EDGE, "tcp/443", held)
        refused = Refused(rows["tcp/443"].version, "no such thing", suspects)
        self.translator.refuse(EDGE, ResourceType.LISTENER, "tcp/443", refused)
        self.translator.commit()
        return suspects

    def programmed(self) -> dict[str, bool | None]:
        found = {}
        for ref, status in self.translator.statuses():
            if isinstance(status, GatewayStatus | ListenerSetStatus):
                found[ref.name] = {it.type: it.status for it in status.conditions}["Programmed"]
        return found


def test_the_listener_set_that_is_new_to_the_envoy_is_to_blame_and_nobody_else() -> None:
    world = World()
    held = world.body()
    world.add("new")
    assert world.refuse(held) == (NEW,)
    assert world.programmed() == {"edge": True, "old": True, "new": False}


@pytest.mark.parametrize("held", [b"", None])
def test_where_the_gateway_is_new_too_all_of_the_port_are_told(held: bytes | None) -> None:
    world = World()
    held = world.body() if held is None else held
    world.gateway("other.example.com")
    world.add("new")
    assert world.refuse(held) == ()
    assert world.programmed() == {"edge": False, "old": False, "new": False}


def test_a_refusal_is_over_when_the_listener_set_at_fault_has_gone() -> None:
    world = World()
    held = world.body()
    world.add("new")
    world.refuse(held)
    world.translator.delete("ListenerSet", NEW.key)
    world.translator.commit()
    assert world.programmed() == {"edge": True, "old": True}


def test_a_refused_secret_is_told_at_the_listener_sets_that_serve_it() -> None:
    world = World()
    rows = {it.name: it for _, type_, it in world.translator.resources() if type_ is ResourceType.SECRET}
    world.translator.refuse(EDGE, ResourceType.SECRET, "shop/tls", Refused(rows["shop/tls"].version, "bad key"))
    world.translator.commit()
    assert world.programmed() == {"edge": False, "old": False}
    assert world.translator.blamed(EDGE, ResourceType.SECRET, "shop/tls") == (OLD,)
