"""Names, labels and annotations of any object."""

from typing import Any

import pytest

from tests.schema.documents import GATEWAY_V1, admit, refusals


def named(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": GATEWAY_V1, "kind": "HTTPRoute", "metadata": metadata, "spec": {}}


@pytest.mark.parametrize(
    ("metadata", "refusal"),
    [
        ({}, "metadata.name: Required value: every object needs a name"),
        ({"name": "Cart"}, 'metadata.name: Invalid value: "Cart": must be a valid dns1123-subdomain'),
        (
            {"name": "a", "namespace": "a.b"},
            """metadata.namespace: Invalid value: "a.b": should match '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$'""",
        ),
        (
            {"name": "a", "labels": {"tier": 1}},
            "metadata.labels.tier: Invalid value: metadata.labels.tier must be of type string, not integer",
        ),
        (
            {"name": "a", "labels": {"tier": "a b"}},
            'metadata.labels.tier: Invalid value: "a b": must be a valid label-value',
        ),
        (
            {"name": "a", "labels": {"a/b/c": "d"}},
            'metadata.labels: Invalid value: "a/b/c": must be a valid qualified-name',
        ),
        (
            {"name": "a", "annotations": {"a": "x" * 262144}},
            "metadata.annotations: Too long: may not be more than 262144 characters",
        ),
        (
            {"name": "a", "annotations": {"example.com/on": True}},
            "metadata.annotations[example.com/on]: Invalid value: "
            "metadata.annotations[example.com/on] must be of type string, not boolean",
        ),
    ],
)
def test_metadata_is_refused(metadata: dict[str, Any], refusal: str) -> None:
    assert refusals(named(**metadata)) == [refusal]


def test_a_document_without_metadata_needs_a_name() -> None:
    bare = {"apiVersion": GATEWAY_V1, "kind": "HTTPRoute", "spec": {}}
    assert refusals(bare) == ["metadata.name: Required value: every object needs a name"]


def test_an_object_lives_in_the_default_namespace_unless_it_says_where() -> None:
    assert admit(named(name="a")).document["metadata"]["namespace"] == "default"
    assert admit(named(name="a", namespace="")).document["metadata"]["namespace"] == "default"
    assert admit(named(name="a", namespace="shop")).document["metadata"]["namespace"] == "shop"


def test_a_cluster_scoped_object_lives_nowhere() -> None:
    metadata = {"name": "a", "namespace": "shop"}
    spec = {"controllerName": "example.com/a"}
    admitted = admit({"apiVersion": GATEWAY_V1, "kind": "GatewayClass", "metadata": metadata, "spec": spec})
    assert (admitted.violations, admitted.document["metadata"]) == ((), {"name": "a"})


def test_what_a_server_wrote_into_metadata_is_kept() -> None:
    written = {"uid": "1", "resourceVersion": "2", "generation": 3, "creationTimestamp": "2026-01-01T00:00:00Z"}
    admitted = admit(named(name="a", namespace="b", managedFields=[{"manager": "kubectl"}], **written))
    assert (admitted.violations, admitted.unknown) == ((), ())
    assert admitted.document["metadata"].items() >= written.items()
