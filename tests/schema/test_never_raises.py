"""No document that YAML or JSON can hold makes admission raise; a user's mistake is a value."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema.documents import CATALOGS, DATA, read
from xds_server.schema import Catalog, Channel

CATALOG: Catalog = CATALOGS[Channel.EXPERIMENTAL]
PRESENT = [
    document
    for path in sorted((DATA / "examples").rglob("*.yaml"))
    for document in read(path)
    if CATALOG.definition(document["apiVersion"], document["kind"])
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**62)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["", "a\0b", "\ud800", "10s", "*", "*.a", "PathPrefix", "/", "RequestRedirect", "Service"])
    | st.dates()
    | st.binary(max_size=3)
)
KEYS = st.text(max_size=5) | st.integers() | st.none() | st.booleans()
JUNK = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A good document with junk in one place, or a field lost, or one doubled."""
    document: Any = json.loads(json.dumps(draw(st.sampled_from(PRESENT)), default=str))
    place: Any = document
    for _ in range(draw(st.integers(0, 8))):
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        step = draw(st.sampled_from(steps)) if steps else None
        if step is None or not isinstance(place[step], dict | list):
            break
        place = place[step]
    steps = list(place) if isinstance(place, dict) else list(range(len(place)))
    if steps and place is not document:
        place[draw(st.sampled_from(steps))] = draw(JUNK)
    if isinstance(place, list):
        place.append(draw(st.sampled_from(place)) if place else draw(JUNK))
    return document  # type: ignore[no-any-return]


def judge(document: dict[str, Any]) -> None:
    definition = CATALOG.definition(document["apiVersion"], document["kind"])
    assert definition is not None
    admitted = definition.admit(document)
    "\n".join(map(str, (*admitted.violations, *admitted.unknown))).encode()
    if not admitted.violations:
        assert definition.admit(admitted.document).document == admitted.document


@given(damaged())
@settings(max_examples=300, deadline=None)
def test_a_damaged_document_is_judged(document: dict[str, Any]) -> None:
    judge(document)


@given(st.sampled_from(PRESENT), st.dictionaries(KEYS, JUNK, max_size=3), JUNK, JUNK)
@settings(max_examples=150, deadline=None)
def test_junk_is_judged(like: dict[str, Any], fields: dict[Any, Any], metadata: Any, spec: Any) -> None:
    judge({**fields, "metadata": metadata, "spec": spec, "apiVersion": like["apiVersion"], "kind": like["kind"]})
