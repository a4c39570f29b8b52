"""The whole translator: incremental equals from scratch, changes say all that changed, and work is in proportion."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.properties.worlds import Edit, apply, class_object, contents, edits, objects
from translator.api.kinds import from_document
from translator.incremental import Table
from translator.pipeline import Commit, Settings, Translator
from translator.value import Key
from translator.xds.shards import Sharding

BATCHES = st.lists(st.lists(edits, max_size=8), max_size=6)
WORLD = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def from_scratch(world: dict[tuple[str, Key], Edit]) -> dict[str, Any]:
    """What a fresh translator makes of a world."""
    fresh = Translator()
    apply(fresh, list(world.values()))
    fresh.commit()
    return contents(fresh)


def differs_from_scratch(batches: list[list[Edit]]) -> bool:
    """Whether after some batch the translator holds other than a fresh one fed the same world."""
    translator, world = Translator(), dict[tuple[str, Key], Edit]()
    for batch in batches:
        apply(translator, batch)
        translator.commit()
        world |= {(kind, key): (kind, key, value) for kind, key, value in batch}
        if contents(translator) != from_scratch(world):
            return True
    return False


@given(BATCHES)
@WORLD
def test_incremental_equals_from_scratch(batches: list[list[Edit]]) -> None:
    """Whatever is edited, in whatever batches, resources and statuses are those of a fresh translator."""
    assert not differs_from_scratch(batches)


def replay(mirror: dict[str, dict[Any, Any]], commit: Commit) -> None:
    """Apply what a commit says to a copy of what it spoke of before."""
    for change in commit.resources:
        mirror["resources"][(change.gateway, change.type, change.name)] = change.resource
    for table in commit.tables:
        mirror["tables"][(table.gateway, table.name)] = table.table
        if table.table is None:
            gone = [key for key in mirror["hosts"] if key[:2] == (table.gateway, table.name)]
            mirror["hosts"] = {key: host for key, host in mirror["hosts"].items() if key not in gone}
    for host in commit.hosts:
        mirror["hosts"][(host.gateway, host.table, host.name)] = host.host
    for status in commit.statuses:
        mirror["statuses"][status.ref] = status.status


@given(BATCHES, st.sampled_from((Sharding(), Sharding(table_bytes=80, copies=0), Sharding(table_bytes=80, copies=1))))
@WORLD
def test_commits_say_all_that_changed(batches: list[list[Edit]], sharding: Sharding) -> None:
    """Whoever applies every commit's changes to an empty copy holds what the translator holds, in shards or not."""
    translator = Translator(Settings(sharding=sharding))
    mirror: dict[str, dict[Any, Any]] = {"resources": {}, "tables": {}, "hosts": {}, "statuses": {}}
    for batch in batches:
        apply(translator, batch)
        replay(mirror, translator.commit())
    kept = {part: {key: row for key, row in rows.items() if row is not None} for part, rows in mirror.items()}
    held = contents(translator)
    assert kept["resources"] == held["resources"]
    assert kept["statuses"] == held["statuses"]
    assert kept["tables"] == {key: table for key, (table, _) in held["tables"].items()}
    assert kept["hosts"] == {(*key, host.name): host for key, (_, hosts) in held["tables"].items() for host in hosts}


@given(st.lists(edits, max_size=14, unique_by=lambda edit: edit[:2]), st.randoms(use_true_random=False))
@WORLD
def test_the_order_of_events_in_a_batch_does_not_matter(batch: list[Edit], random: Any) -> None:
    """Edits of different objects may come in any order."""
    shuffled = list(batch)
    random.shuffle(shuffled)
    one, other = Translator(), Translator()
    for translator, order in ((one, batch), (other, shuffled)):
        apply(translator, order)
        translator.commit()
    assert contents(one) == contents(other)


@given(st.lists(objects, max_size=14), class_object)
@WORLD
def test_delete_all_returns_to_empty(world: list[Any], ours: Any) -> None:
    """When the last object is gone nothing is left to serve and nothing to say."""
    translator = Translator()
    for kind, value in (*world, ours):
        translator.put(kind, value)
    translator.commit()
    for kind, value in (*world, ours):
        translator.delete(kind, value.metadata.key)
    translator.commit()
    assert contents(translator) == {"resources": {}, "tables": {}, "statuses": {}}


def small_world() -> list[Edit]:
    """A class, a Gateway, a route and its Service, whose port comes late."""
    documents = [
        (
            "GatewayClass",
            {"metadata": {"name": "ours"}, "spec": {"controllerName": "gatehouse.dev/gateway-controller"}},
        ),
        (
            "Gateway",
            {
                "metadata": {"namespace": "shop", "name": "gw"},
                "spec": {"gatewayClassName": "ours", "listeners": [{"name": "l", "port": 80, "protocol": "HTTP"}]},
            },
        ),
        (
            "HTTPRoute",
            {
                "metadata": {"namespace": "shop", "name": "r"},
                "spec": {"parentRefs": [{"name": "gw"}], "rules": [{"backendRefs": [{"name": "s", "port": 80}]}]},
            },
        ),
        ("Service", {"metadata": {"namespace": "shop", "name": "s"}, "spec": {"ports": [{"port": 80}]}}),
    ]
    values = [(kind, from_document(kind, document)) for kind, document in documents]
    return [(kind, value.metadata.key, value) for kind, value in values]


def test_a_lost_wake_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The property is able to fail: without the waking of readers, a late Service leaves its route at 500."""
    *early, late = small_world()
    assert not differs_from_scratch([early, [late]])
    monkeypatch.setattr(Table, "_wake_readers", lambda self: None)
    assert differs_from_scratch([early, [late]])
