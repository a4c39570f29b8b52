"""XBackend and XBackendTrafficPolicy (gateway-api apisx/v1alpha1/xbackend_types.go, xbackendtrafficpolicy_types.go)."""

import msgspec

from translator.api.gateway import SecretObjectReference
from translator.api.meta import ApiValue, Meta
from translator.api.policies import BackendTLSPolicyValidation
from translator.api.routes import SessionPersistence


class BackendPort(ApiValue):
    """The port of a backend's endpoints."""

    number: int = 0


class ExternalHostnameBackend(ApiValue):
    """A name outside of the cluster."""

    hostname: str


class EndpointSelectorBackend(ApiValue):
    """Pods of the namespace, by labels that all must have."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)


class BackendTLS(ApiValue):
    """None, ServerOnly or ClientAndServer: whose certificates are shown."""

    mode: str = "None"
    client_certificate_ref: SecretObjectReference | None = None
    validation: BackendTLSPolicyValidation | None = None


class BackendSpec(ApiValue):
    """Where a backend is and how it is spoken to."""

    type: str
    port: BackendPort = BackendPort()
    external_hostname: ExternalHostnameBackend | None = None
    endpoint_selector: EndpointSelectorBackend | None = None
    session_persistence: SessionPersistence | None = None
    protocol: str | None = None
    tls: BackendTLS = BackendTLS()


class XBackend(ApiValue):
    """A destination of routes that is no Service."""

    metadata: Meta
    spec: BackendSpec


class BudgetDetails(ApiValue):
    """How much of a backend's requests may be retries."""

    percent: int = 20
    interval: str = "10s"


class RequestRate(ApiValue):
    """Requests in an interval."""

    count: int = 10
    interval: str = "1s"


class RetryConstraint(ApiValue):
    """A budget of retries, and how many there may always be."""

    budget: BudgetDetails = BudgetDetails()
    min_retry_rate: RequestRate = RequestRate()


class LocalPolicyTargetReference(ApiValue):
    """A backend in the policy's namespace."""

    group: str
    kind: str
    name: str


class XBackendTrafficPolicySpec(ApiValue):
    """How traffic to the targets is dealt with."""

    target_refs: tuple[LocalPolicyTargetReference, ...] = ()
    retry_constraint: RetryConstraint | None = None
    session_persistence: SessionPersistence | None = None


class XBackendTrafficPolicy(ApiValue):
    """Limits retries to backends, and keeps sessions with them."""

    metadata: Meta
    spec: XBackendTrafficPolicySpec
