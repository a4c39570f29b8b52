"""ReferenceGrant and BackendTLSPolicy."""

import msgspec

from translator.api.gateway import ObjectReference
from translator.api.meta import ApiValue, Meta


class ReferenceGrantFrom(ApiValue):
    """Who may refer: objects of one kind in one namespace."""

    group: str
    kind: str
    namespace: str


class ReferenceGrantTo(ApiValue):
    """What may be referred to in the grant's namespace; no name means all of the kind."""

    group: str
    kind: str
    name: str | None = None


class ReferenceGrantSpec(ApiValue):
    """Each of `from_` may refer to each of `to`."""

    from_: tuple[ReferenceGrantFrom, ...] = msgspec.field(name="from", default=())
    to: tuple[ReferenceGrantTo, ...] = ()


class ReferenceGrant(ApiValue):
    """A namespace's consent to be referred to from others."""

    metadata: Meta
    spec: ReferenceGrantSpec


class PolicyTargetReference(ApiValue):
    """A Service, or one named port of it, in the policy's namespace."""

    group: str
    kind: str
    name: str
    section_name: str | None = None


class SubjectAltName(ApiValue):
    """A Hostname or URI that the backend's certificate must carry."""

    type: str
    hostname: str = ""
    uri: str = ""


class BackendTLSPolicyValidation(ApiValue):
    """How the backend's certificate is checked."""

    hostname: str
    ca_certificate_refs: tuple[ObjectReference, ...] = ()
    well_known_ca_certificates: str | None = msgspec.field(name="wellKnownCACertificates", default=None)
    subject_alt_names: tuple[SubjectAltName, ...] = ()


class BackendTLSPolicySpec(ApiValue):
    """TLS from the gateway to the target Services."""

    validation: BackendTLSPolicyValidation
    target_refs: tuple[PolicyTargetReference, ...] = ()
    options: dict[str, str] = msgspec.field(default_factory=dict)


class BackendTLSPolicy(ApiValue):
    """Makes connections to a Service use TLS."""

    metadata: Meta
    spec: BackendTLSPolicySpec
