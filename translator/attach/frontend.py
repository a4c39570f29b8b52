"""Frontend validation: which client certificates the HTTPS listeners of a Gateway's port ask for.

Source: gateway-api v1.7.0, apis/v1/gateway_types.go (FrontendTLSConfig, FrontendTLSValidation), GEP-91.

What cannot be checked is not let in: a listener without one usable authority does not serve.
"""

from translator import ir
from translator.api.gateway import (
    FrontendTLSConfig,
    FrontendTLSValidation,
    Gateway,
    Listener,
    ObjectReference,
)
from translator.attach import authorities
from translator.attach.authorities import Bundle
from translator.attach.conditions import Reason
from translator.attach.grants import Grants, may_use
from translator.ir import Refusal
from translator.value import Key, Lookup, Ref, Value

INSECURE = "AllowInsecureFallback"


class Frontend(Value):
    """What the HTTPS listeners of a port ask of their clients."""

    validation: ir.ClientValidation | None = None
    """None where they ask for nothing."""
    refusals: tuple[Refusal, ...] = ()
    """Why they cannot ask for what they have to, and so not serve."""
    unresolved: tuple[Refusal, ...] = ()
    """References that do not resolve."""


NOTHING = Frontend()


class Frontends(Value):
    """What a Gateway asks of the clients of its HTTPS listeners, those of ListenerSets too."""

    default: Frontend
    per_port: dict[int, Frontend]
    """A port's own configuration replaces the default, even with nothing."""
    insecure: str
    """Where clients without a valid certificate are let in though one is asked for; empty for nowhere."""

    def of(self, listener: Listener) -> Frontend:
        """Return what a listener asks for; only HTTPS listeners do."""
        return self.per_port.get(listener.port, self.default) if listener.protocol == "HTTPS" else NOTHING


def of_gateway(
    key: Key, gateway: Gateway, bundles: Lookup[Ref, Bundle | Refusal], granted: Lookup[str, Grants]
) -> Frontends | None:
    """Say what a Gateway asks of its clients; None where it does not speak of that."""
    frontend = None if gateway.spec.tls is None else gateway.spec.tls.frontend
    if frontend is None:
        return None
    return Frontends(
        default=_resolved(key, frontend.default.validation, bundles, granted),
        per_port={it.port: _resolved(key, it.tls.validation, bundles, granted) for it in frontend.per_port},
        insecure=_insecure(frontend),
    )


def _resolved(
    key: Key,
    asked: FrontendTLSValidation | None,
    bundles: Lookup[Ref, Bundle | Refusal],
    granted: Lookup[str, Grants],
) -> Frontend:
    if asked is None:
        return NOTHING
    trusted: dict[Ref, None] = {}
    unresolved = []
    for ref in asked.ca_certificate_refs:
        target = authorities.target(ref, key.namespace)
        if target is None:
            unresolved.append(_told(key, authorities.unknown_kind(ref, Reason.INVALID_CA_CERTIFICATE_KIND)))
        elif (refusal := _refused(key, ref, target, bundles, granted)) is not None:
            unresolved.append(_told(key, refusal))
        else:
            trusted[target] = None
    if not trusted:
        message = "; ".join(it.message for it in unresolved)
        return Frontend(None, (Refusal(Reason.NO_VALID_CA_CERTIFICATE, message),), tuple(unresolved))
    return Frontend(ir.ClientValidation(tuple(trusted), required=asked.mode != INSECURE), (), tuple(unresolved))


def _told(key: Key, refusal: Refusal) -> Refusal:
    """Say where it is written: listeners of ListenerSets are told too."""
    return Refusal(refusal.reason, f"tls.frontend of Gateway {key}: {refusal.message}")


def _insecure(frontend: FrontendTLSConfig) -> str:
    ports = [f"port {it.port}" for it in frontend.per_port if _falls_back(it.tls.validation)]
    places = [*(["by default"] if _falls_back(frontend.default.validation) else []), *ports]
    return f"clients are let in without a valid certificate: {', '.join(places)}" if places else ""


def _falls_back(validation: FrontendTLSValidation | None) -> bool:
    return validation is not None and validation.mode == INSECURE


def _refused(
    key: Key,
    ref: ObjectReference,
    target: Ref,
    bundles: Lookup[Ref, Bundle | Refusal],
    granted: Lookup[str, Grants],
) -> Refusal | None:
    """Nothing is said of an object in another namespace, not even whether it exists, unless a grant permits it."""
    refusal = may_use(granted, Ref("Gateway", *key), ref.group, target)
    if refusal is not None:
        return refusal
    found = bundles.get(target)
    return found if isinstance(found, Refusal) else None
