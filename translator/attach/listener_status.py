"""Status of one listener, whether a Gateway or a ListenerSet has it."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from translator import ir
from translator.api.gateway import GATEWAY_GROUP
from translator.attach.conditions import Reason, Type, condition, positive, refused
from translator.attach.listener_filters import Filtering
from translator.attach.listeners import ListenerReport, Listeners
from translator.status import Condition, ListenerStatus
from translator.value import Key, Lookup, Ref
from translator.xds.names import listener_name, quic_name
from translator.xds.resource import Unserved
from translator.xds.verdicts import Words

L = TypeVar("L", bound=Listeners)


def of_listeners(
    owner: Ref,
    found: Listeners,
    counted: Lookup[ir.ListenerKey, int],
    words: Mapping[str, str],
    done: ir.Progress | None,
) -> tuple[ListenerStatus, ...]:
    """Report on the listeners of an object; `words` has what Envoys refused of them, `done` what they acknowledged."""
    return tuple(_of_listener(owner, found, it, counted, words[it.name], done) for it in found.reports)


def with_filters(kind: str, key: Key, found: L, filtered: Lookup[ir.ListenerKey, Filtering]) -> L:
    """Add what filters of listeners refer to in vain to what there is to be told of them."""
    reports = tuple(_with_filters(ir.ListenerKey(Ref(kind, *key), it.name), it, filtered) for it in found.reports)
    return msgspec.structs.replace(found, reports=reports)


def envoys_words(
    owner: Ref,
    found: Listeners,
    unserved: Lookup[tuple[Key, str], Unserved],
    blamed: Lookup[ir.ListenerKey, Words],
) -> dict[str, str]:
    """Return, by listener, what an Envoy does not serve of it, and why; or nothing.

    `unserved` has Envoy's words on the ports that it refused, `blamed` those on all else.
    """
    return {it.name: _words(owner, found.gateway, it, unserved, blamed) for it in found.reports}


def assumed(found: Listeners) -> ir.Progress:
    """Return what is taken for acknowledged where nobody waits for an Envoy's word."""
    return ir.Progress(found.generation, found.served)


def acknowledged(generation: int, done: ir.Progress | None) -> Condition:
    """Say whether the Envoys of the Gateway have what there is to serve; of an earlier generation it stays said."""
    if done is None or done.generation > generation:
        message = "no Envoy of the Gateway has acknowledged its configuration yet"
        return condition(Type.PROGRAMMED, False, Reason.PENDING, message, generation)
    message = "the Envoys of the Gateway have its configuration"
    return condition(Type.PROGRAMMED, True, Reason.PROGRAMMED, message, done.generation)


def said_of(words: Mapping[str, str]) -> str:
    """Join what Envoys refused of an object's listeners; empty if nothing."""
    return "; ".join(f"listener {name}: {told}" for name, told in words.items() if told)


def not_served(found: Listeners) -> str:
    """Say which listeners take no traffic and why, and which do; empty if all do."""
    broken = [it for it in found.reports if not it.serves]
    if not broken:
        return ""
    said = [f"listener {it.name}: {messages(faults(it))}" for it in broken]
    served = [it.name for it in found.reports if it.serves]
    return "; ".join((*said, f"served: {', '.join(served) or 'none'}"))


def faults(report: ListenerReport) -> tuple[ir.Refusal, ...]:
    """Return what keeps a listener from being served: references matter only where nothing else does."""
    return (*_some(report.conflict), *report.refusals) or report.unresolved


def messages(refusals: tuple[ir.Refusal, ...]) -> str:
    """Join what refusals say."""
    return "; ".join(dict.fromkeys(it.message for it in refusals))


def _with_filters(
    key: ir.ListenerKey, report: ListenerReport, filtered: Lookup[ir.ListenerKey, Filtering]
) -> ListenerReport:
    found = filtered.get(key)
    if found is None or not found.unresolved:
        return report
    return msgspec.structs.replace(report, unresolved=(*report.unresolved, *found.unresolved))


def _of_listener(
    owner: Ref,
    found: Listeners,
    report: ListenerReport,
    counted: Lookup[ir.ListenerKey, int],
    words: str,
    done: ir.Progress | None,
) -> ListenerStatus:
    generation = found.generation
    conflict = _some(report.conflict)
    valid = "; ".join(filter(None, ("the listener is valid", report.note)))
    conditions = [
        positive(Type.ACCEPTED, Reason.ACCEPTED, (*conflict, *report.refusals), valid, generation),
        _programmed(found, report, words, done),
        positive(Type.RESOLVED_REFS, Reason.RESOLVED_REFS, report.unresolved, "all references resolve", generation),
        refused(Type.CONFLICTED, conflict, generation, status=True)
        if conflict
        else condition(Type.CONFLICTED, False, Reason.NO_CONFLICTS, "the listener is distinct", generation),
    ]
    if report.overlap is not None:
        conditions.append(refused(Type.OVERLAPPING_TLS_CONFIG, (report.overlap,), generation, status=True))
    return ListenerStatus(
        name=report.name,
        supported_kinds=tuple((GATEWAY_GROUP, kind) for kind in report.supported_kinds),
        attached_routes=counted.get(ir.ListenerKey(owner, report.name)) or 0,
        conditions=tuple(conditions),
    )


def _programmed(found: Listeners, report: ListenerReport, words: str, done: ir.Progress | None) -> Condition:
    generation = found.generation
    if words:
        return condition(Type.PROGRAMMED, False, Reason.INVALID, words, generation)
    if report.conflict is not None:
        return refused(Type.PROGRAMMED, (report.conflict,), generation)
    if report.serves:
        return acknowledged(generation, done if done is not None and report.name in done.listeners else None)
    if found.refusal is not None:
        pending = found.refusal.reason == Reason.PENDING
        message = f"the Gateway is not accepted: {found.refusal.message}"
        reason = Reason.PENDING if pending else Reason.INVALID
        return condition(Type.PROGRAMMED, None if pending else False, reason, message, generation)
    return condition(Type.PROGRAMMED, False, Reason.INVALID, messages(faults(report)), generation)


def _words(
    owner: Ref,
    gateway: Key,
    report: ListenerReport,
    unserved: Lookup[tuple[Key, str], Unserved],
    blamed: Lookup[ir.ListenerKey, Words],
) -> str:
    listener = report.listener
    if listener is None or not listener.serves:
        return ""
    ports = (listener_name(listener.protocol, listener.port), *([quic_name(listener.port)] if listener.http3 else ()))
    refused = (it for port in ports if (it := unserved.get((gateway, port))) is not None)
    said = [f"port {listener.port}: {it.words}" for it in refused if not it.of or owner in it.of]
    said += dict.fromkeys(told for _, told in blamed.get(listener.key) or ())
    return f"Envoy refuses {'; '.join(said)}" if said else ""


def _some(refusal: ir.Refusal | None) -> tuple[ir.Refusal, ...]:
    return () if refusal is None else (refusal,)
