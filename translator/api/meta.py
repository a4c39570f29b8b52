"""What every object has."""

import msgspec

from translator.value import Key, Value

GATEWAY_GROUP = "gateway.networking.k8s.io"


class ApiValue(Value, rename="camel"):
    """A frozen struct decoded from a Kubernetes object; unknown fields are dropped at the door."""


class Meta(ApiValue):
    """The identity of an object; resourceVersion, managedFields and labels that nobody reads never enter."""

    name: str
    namespace: str = ""
    generation: int = 1
    creation_timestamp: str = ""
    """RFC 3339; empty where the object never was in a cluster."""

    @property
    def key(self) -> Key:
        """Where the object lives."""
        return Key(self.namespace, self.name)


class LabelExpression(ApiValue):
    """One requirement of a label selector (metav1.LabelSelectorRequirement)."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class LabelSelector(ApiValue):
    """metav1.LabelSelector: all of it must hold; an empty one selects everything."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict)
    match_expressions: tuple[LabelExpression, ...] = ()
