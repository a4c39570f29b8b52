"""What of an object's status is ours, and how it is put there without touching what is not.

A status is a document that others write to as well, so it is edited as a document. Ours are:
- in `parents` and `ancestors`: the entries with our controllerName;
- in `conditions`, of an object, a listener or an entry of ours: the condition types that we have words for;
- of a Gateway, a ListenerSet and a GatewayClass, which only their one controller speaks of: listeners, addresses,
  attachedListenerSets and supportedFeatures.
"""

from typing import Any, TypeAlias

from translator.attach.conditions import Type
from translator.status import Status, to_document

Document: TypeAlias = dict[str, Any]

OWN_TYPES = frozenset(map(str, Type))
ENTRIES = {"parents": ("parentRef", 32), "ancestors": ("ancestorRef", 16)}
"""Lists of entries by controller: the field that tells whom an entry speaks of, and how many the schemas admit."""
COUNTS = ("attachedListenerSets",)
"""Numbers that are not said any more where there is nothing to count: then they are 0, and not what they were."""
_STATES = ("status", "reason", "message", "observedGeneration")


def edits(current: Document, status: Status | None, controller_name: str, generation: int, now: str) -> Document:
    """Return the fields of `current`, a status, that must be replaced for it to say ours; nothing where it does.

    With no status our entries are taken out, where entries have owners; all else is left as it is. A condition that was
    observed at a later generation than ours is newer than what we know and stays, unless the object's own `generation`
    shows that it cannot be. lastTransitionTime is `now` where a condition's status changed.
    """
    wanted = {} if status is None else to_document(status, controller_name)
    fields = [*wanted, *(it for it in ENTRIES if status is None and it in current)]
    if status is not None:
        fields += [it for it in COUNTS if it not in wanted and current.get(it)]
    found: Document = {}
    for field in fields:
        replaced = _field(field, current.get(field), wanted.get(field), controller_name, generation, now)
        if replaced != current.get(field, []):
            found[field] = replaced
    return found


def is_touched(current: Document, controller_name: str) -> bool:
    """Whether a status holds entries of ours."""
    return any(entry.get("controllerName") == controller_name for it in ENTRIES for entry in current.get(it) or ())


def programmed_at(current: Document) -> int | None:
    """Return the generation that a Gateway's or ListenerSet's status says is Programmed, if it does."""
    for condition in current.get("conditions") or ():
        if (condition.get("type"), condition.get("status")) == (str(Type.PROGRAMMED), "True"):
            return int(condition.get("observedGeneration") or 0)
    return None


def _field(field: str, current: Any, wanted: Any, controller_name: str, generation: int, now: str) -> Any:
    match field:
        case "parents" | "ancestors":
            return _entries(*ENTRIES[field], current or [], wanted or [], controller_name, generation, now)
        case "conditions":
            return _conditions(current or [], wanted, generation, now)
        case "listeners":
            known = {listener["name"]: listener for listener in current or ()}
            return [_with_conditions(known.get(it["name"], {}), it, generation, now) for it in wanted]
        case "attachedListenerSets":
            return wanted or 0
        case _:
            return wanted


def _entries(
    reference: str,
    room: int,
    current: list[Document],
    wanted: list[Document],
    controller_name: str,
    generation: int,
    now: str,
) -> list[Document]:
    """Replace our entries where they stand; new ones come last, as many as there is room for beside the others'."""
    ours = {_parent(entry[reference]): entry for entry in wanted}
    room -= sum(entry["controllerName"] != controller_name for entry in current)
    found = []
    for entry in current:
        if entry["controllerName"] != controller_name:
            found.append(entry)
        elif (own := ours.pop(_parent(entry[reference]), None)) is not None and room > 0:
            found.append(_with_conditions(entry, own, generation, now))
            room -= 1
    new = [_with_conditions({}, own, generation, now) for own in ours.values()]
    return [*found, *new[: max(room, 0)]]


def _parent(reference: Document) -> tuple[Any, ...]:
    """What a reference means: an API server may have filled in defaults."""
    return (
        reference.get("group", "gateway.networking.k8s.io"),
        reference.get("kind", "Gateway"),
        reference.get("namespace") or "",
        reference["name"],
        reference.get("sectionName") or "",
        reference.get("port") or 0,
    )


def _with_conditions(current: Document, wanted: Document, generation: int, now: str) -> Document:
    conditions = _conditions(current.get("conditions") or [], wanted["conditions"], generation, now)
    return {**wanted, "conditions": conditions}


def _conditions(current: list[Document], wanted: list[Document], generation: int, now: str) -> list[Document]:
    ours = {condition["type"]: condition for condition in wanted}
    found = []
    for condition in current:
        if condition["type"] not in OWN_TYPES:
            found.append(condition)
        elif (own := ours.pop(condition["type"], None)) is not None:
            found.append(_condition(condition, own, generation, now))
    return [*found, *({**own, "lastTransitionTime": now} for own in ours.values())]


def _condition(current: Document, wanted: Document, generation: int, now: str) -> Document:
    seen = current.get("observedGeneration") or 0
    if wanted["observedGeneration"] < seen <= generation:
        return current
    if all(current.get(field) == wanted[field] for field in _STATES):
        return current
    same = current.get("status") == wanted["status"]
    return {**wanted, "lastTransitionTime": current["lastTransitionTime"] if same else now}
