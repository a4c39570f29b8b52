"""XTelemetryPolicy (gateway-api apisx/v1alpha1/xtelemetrypolicy_types.go)."""

from translator.api.gateway import GATEWAY_GROUP
from translator.api.meta import ApiValue, Meta
from translator.api.routes import BackendObjectReference, Fraction, HTTPHeader

EXPERIMENTAL_GROUP = "gateway.networking.x-k8s.io"


class LocalObjectReference(ApiValue):
    """A Gateway in the policy's namespace; the schemas admit references to other kinds."""

    name: str
    group: str = GATEWAY_GROUP
    kind: str = "Gateway"


class TracingProvider(ApiValue):
    """Who receives spans over OTLP, with headers to be sent along."""

    backend_ref: BackendObjectReference
    headers: tuple[HTTPHeader, ...] = ()


class ParentBasedSampling(ApiValue):
    """Whether the word of a request's sender on sampling counts, and for which share of requests."""

    mode: str = "ImplementationDefault"
    sampling_rate: Fraction | None = None


class Attribute(ApiValue):
    """What a span says of its request beside what all spans do."""

    name: str
    source_type: str
    header_name: str = ""
    literal_value: str = ""
    attribute_key: str = ""


class TracingConfig(ApiValue):
    """Which requests get spans, where these go and what they hold."""

    mode: str = "ImplementationDefault"
    provider: TracingProvider | None = None
    sampling_rate: Fraction | None = None
    parent_based_sampling: ParentBasedSampling = ParentBasedSampling()
    service_name: str = ""
    span_name: str = ""
    attributes: tuple[Attribute, ...] = ()


class XTelemetryPolicySpec(ApiValue):
    """What is observed of the target Gateways."""

    target_refs: tuple[LocalObjectReference, ...] = ()
    tracing: TracingConfig = TracingConfig()


class XTelemetryPolicy(ApiValue):
    """Makes Gateways tell of the requests that they serve."""

    metadata: Meta
    spec: XTelemetryPolicySpec
