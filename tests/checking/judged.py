"""Worlds of a few objects, and what is wrong with them."""

from datetime import UTC, datetime

from tests import builders
from translator.api.kinds import Object
from translator.value import Ref
from xds_server.checking import Trouble, judge
from xds_server.files import Severity

CONTROLLER = "gatehouse.dev/gateway-controller"
NOW = datetime(2026, 7, 1, tzinfo=UTC)
CLASS = builders.gateway_class()


def ref(value: Object) -> Ref:
    return Ref(type(value).__name__, value.metadata.namespace, value.metadata.name)


def judged(*objects: Object, refused: tuple[Ref, ...] = (), strict: bool = False, now: datetime = NOW) -> list[Trouble]:
    """Every trouble of a world."""
    world = {ref(value): value for value in objects}
    return list(judge(world, refused, controller_name=CONTROLLER, strict=strict, now=now))


def errors(*objects: Object, strict: bool = False) -> list[tuple[str, str, str]]:
    """The errors of a world: of which object, at which field, for which Reason."""
    return _of(Severity.ERROR, judged(*objects, strict=strict))


def warnings(*objects: Object) -> list[tuple[str, str, str]]:
    """The warnings of a world, in the same words."""
    return _of(Severity.WARNING, judged(*objects))


def _of(severity: Severity, troubles: list[Trouble]) -> list[tuple[str, str, str]]:
    return [(str(it.ref), it.field, it.reason) for it in troubles if it.severity is severity]


def to(name: str = "cart", port: int = 8080, **fields: object) -> dict[str, object]:
    """A backendRef."""
    return {"name": name, "port": port, **fields}
