"""The judgement: all that is wrong with the objects of some files, what they lack and what expires included."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from translator.api.kinds import Object
from translator.attach.certificates import CERTIFICATE, Certificate
from translator.pipeline import Settings, Translator
from translator.value import Ref
from xds_server.checking import conditions, missing
from xds_server.checking.finding import Reason, Trouble
from xds_server.checking.stand_ins import ANY_CLASS, gateway_class, stand_in
from xds_server.checking.world import World, world_of
from xds_server.files import Severity

SOON = timedelta(days=30)
"""How long before its end a certificate is reported."""


def judge(
    objects: Mapping[Ref, Object], refused: Collection[Ref], *, controller_name: str, strict: bool, now: datetime
) -> Iterator[Trouble]:
    """Yield the troubles of objects that were read; `refused` are those that were written and could not be read.

    What is referred to and lacks is reported once, with `strict` as an error, and then taken to be as it should be,
    so that everything else can be judged. Gateways of other controllers, and what belongs to them alone, pass.
    """
    lacks = missing.missing(objects, world_of(objects, controller_name))
    yield from missing.troubles(lacks, refused, controller_name, strict)
    completed = {**objects, **dict(_stand_ins(lacks, controller_name))}
    world = world_of(completed, controller_name)
    translator = Translator(Settings(controller_name=controller_name, dns_services=True))
    for ref, value in completed.items():
        translator.put(ref.kind, value)
    translator.commit()
    for ref, status in translator.statuses():
        if ref in objects:
            yield from conditions.troubles(ref, objects[ref], status, world, lacks)
    yield from _expiring(objects, world, now)


def _stand_ins(lacks: missing.Missing, controller_name: str) -> Iterator[tuple[Ref, Object]]:
    yield Ref("GatewayClass", "", ANY_CLASS), gateway_class(ANY_CLASS, controller_name)
    for target, references in lacks.items():
        value = stand_in(target, references, controller_name)
        if value is not None:
            yield target, value


def _expiring(objects: Mapping[Ref, Object], world: World, now: datetime) -> Iterator[Trouble]:
    """A certificate is served however old it is: its clients refuse it, so its owner is warned."""
    for key, found in world.certificates.items():
        ref = Ref("Secret", *key)
        if ref not in objects or not isinstance(found, Certificate):
            continue
        end = datetime.fromtimestamp(found.not_after, UTC)
        if end <= now:
            words = f"its certificate expired on {end:%Y-%m-%d} and clients refuse it; renew it"
            yield Trouble(ref, f"data[{CERTIFICATE}]", Reason.CERTIFICATE_EXPIRED, words, Severity.WARNING)
        elif end <= now + SOON:
            words = f"its certificate expires on {end:%Y-%m-%d}, in {(end - now).days} days; renew it"
            yield Trouble(ref, f"data[{CERTIFICATE}]", Reason.CERTIFICATE_EXPIRES_SOON, words, Severity.WARNING)
