"""Certificates: which Secrets listeners want to serve, and whether Envoy would take them.

One certificate that Envoy refuses takes its whole listener down, so everything Envoy 1.40 was seen to refuse is refused
here first. An expired certificate is served: its owner decides, and its `not_after` says so.
"""

from collections.abc import Iterable

from translator.api.core import Secret
from translator.api.gateway import Gateway, Listener, ListenerSet, SecretObjectReference
from translator.attach.conditions import Reason
from translator.attach.grants import Grants, may_use
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value

TLS_SECRET = "kubernetes.io/tls"  # noqa: S105
CERTIFICATE, PRIVATE_KEY = "tls.crt", "tls.key"


class Certificate(Value):
    """A chain and key that can be served; the bytes stay in the Secret."""

    not_after: int
    """When the leaf expires, in seconds since 1970."""


class Unusable(ValueError):
    """Why a Secret cannot be served, in words for its owner."""


def wanted(kind: str, key: Key, holder: Gateway | ListenerSet) -> Iterable[tuple[Key, tuple[Ref, str, int], str]]:
    """Name the Secrets that the listeners of a Gateway or ListenerSet want to serve, permitted or not."""
    owner = Ref(kind, *key)
    for listener in holder.spec.listeners:
        for index, ref in enumerate(_references(listener)):
            if (ref.group, ref.kind) == ("", "Secret"):
                yield _target(owner, ref), (owner, listener.name, index), listener.name


def check(
    secret_key: Key, refs: tuple[tuple[tuple[Ref, str, int], str], ...], secrets: Lookup[Key, Secret]
) -> Certificate | Refusal:
    """Say whether a Secret can be served, or what its owner has to change."""
    secret = secrets.get(secret_key)
    if secret is None:
        return Refusal(Reason.INVALID_CERTIFICATE_REF, f"Secret {secret_key} does not exist")
    try:
        return _certificate(secret)
    except Unusable as why:
        return Refusal(Reason.INVALID_CERTIFICATE_REF, f"Secret {secret_key} cannot be served: {why}")


def served_by(
    owner: Ref, listener: Listener, checked: Lookup[Key, Certificate | Refusal], granted: Lookup[str, Grants]
) -> tuple[tuple[Key, ...], tuple[Refusal, ...]]:
    """Return the Secrets that a listener can serve, and a refusal for each reference that it cannot."""
    if terminates(listener) and not _references(listener):
        message = f"listener {listener.name} terminates TLS without a certificate; name a Secret in tls.certificateRefs"
        return (), (Refusal(Reason.INVALID_CERTIFICATE_REF, message),)
    served: dict[Key, None] = {}
    refusals = []
    for ref in _references(listener):
        target = _target(owner, ref)
        refusal = _refused(owner, ref, target, checked, granted)
        if refusal is None:
            served[target] = None
        else:
            refusals.append(refusal)
    return tuple(served), tuple(refusals)


def terminates(listener: Listener) -> bool:
    """Say whether a listener needs certificates."""
    passes_through = listener.tls is not None and listener.tls.mode == "Passthrough"
    return listener.protocol == "HTTPS" or (listener.protocol == "TLS" and not passes_through)


def _references(listener: Listener) -> tuple[SecretObjectReference, ...]:
    """The certificateRefs of a listener that terminates TLS; others have none that count."""
    return listener.tls.certificate_refs if terminates(listener) and listener.tls is not None else ()


def _target(owner: Ref, ref: SecretObjectReference) -> Key:
    return Key(ref.namespace or owner.namespace, ref.name)


def _refused(
    owner: Ref,
    ref: SecretObjectReference,
    target: Key,
    checked: Lookup[Key, Certificate | Refusal],
    granted: Lookup[str, Grants],
) -> Refusal | None:
    """Nothing is said of a Secret in another namespace, not even whether it exists, unless a grant permits it."""
    if (ref.group, ref.kind) != ("", "Secret"):
        message = (
            f"certificateRef {ref.name} is of kind {ref.kind} in group {ref.group or 'core'}; only core Secrets serve"
        )
        return Refusal(Reason.INVALID_CERTIFICATE_REF, message)
    refusal = may_use(granted, owner, "", Ref("Secret", *target))
    if refusal is not None:
        return refusal
    found = checked.get(target)
    return found if isinstance(found, Refusal) else None


def _certificate(secret: Secret) -> Certificate:
    if secret.type != TLS_SECRET:
        raise Unusable(f"it is of type {secret.type}; make it one of type {TLS_SECRET}")
    data = secret.data or {}
    missing = [name for name in (CERTIFICATE, PRIVATE_KEY) if not data.get(name)]
    if missing:
        raise Unusable(f"it has no {' and no '.join(missing)}")
    from translator.attach import keypair  # not before there is a certificate: what reads it takes eight MiB

    return Certificate(keypair.not_after(data[CERTIFICATE], data[PRIVATE_KEY]))
