"""Golden cases: each folder is a rule of the specification, with the input that shows it and what is expected.

`input.yaml` names the rule and its source; `xds.yaml` holds, by Gateway, the sections of `gatehouse translate` that
matter; `status.yaml` holds objects as `gatehouse translate --type status` prints them, those with `status: null` having
none. What is given is compared exactly; the whole output of every case goes into a real Envoy.

What is expected was written from the specification before it was compared with what comes out (the words of messages
are the project's own): where a case fails, one of the two is wrong, and only reading the specification tells which.
"""

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.envoy import static
from tests.envoy.running import validate
from tests.golden.scoped import shortened
from tests.properties.worlds import contents
from translator.pipeline import Settings, Translator
from translator.value import Key
from xds_server.cli import translate
from xds_server.files import Batch, FileSource
from xds_server.schema import Channel

HERE = Path(__file__).parent
CASES = sorted(folder.name for folder in HERE.iterdir() if (folder / "input.yaml").exists())
SETTINGS = Settings(dns_services=True)
ONCE = {
    "retry_on": "connect-failure,reset-before-request",
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
            },
        }
    ],
    "host_selection_retry_max_attempts": "100",
}
"""What every virtual host says that sends requests anywhere; the cases do not repeat it."""


class Outcome(NamedTuple):
    """What came of a case's input."""

    batch: Batch
    translator: Translator
    objects: translate.Objects


@cache
def outcome(case: str) -> Outcome:
    """Read and translate a case's input as `gatehouse translate` does."""
    batch = FileSource([HERE / case / "input.yaml"], Channel.EXPERIMENTAL).read()
    return Outcome(batch, *translate.translated(batch, SETTINGS))


def expected(case: str, name: str) -> list[Any]:
    """Return the documents of one of a case's files."""
    return list(yaml.safe_load_all((HERE / case / name).read_text()))


def identity(document: dict[str, Any]) -> tuple[str, str, str]:
    """Name the object that a status belongs to."""
    return document["kind"], document["metadata"].get("namespace", ""), document["metadata"]["name"]


def virtual_hosts(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all virtual hosts of what was printed."""
    for sections in given.values():
        for table in sections.get("routes") or ():
            yield from table.get("virtual_hosts", ())


@pytest.mark.parametrize("case", CASES)
def test_a_kube_apiserver_would_accept_the_input(case: str) -> None:
    """What is wrong with an input is wrong by the words of the specification, not by its schemas."""
    assert outcome(case).batch.findings == ()


@pytest.mark.parametrize("case", CASES)
def test_xds(case: str) -> None:
    """Envoy would get what is written: these Gateways, and of each the sections that are given."""
    [wanted] = expected(case, "xds.yaml")
    printed = translate.gateways(outcome(case).translator, None, None)
    short = {gateway: shortened(sections) for gateway, sections in printed.items()}
    given = {
        gateway: {section: sections.get(section) for section in wanted.get(gateway, ())}
        for gateway, sections in short.items()
    }
    for host in virtual_hosts(given):
        forwards = any("route" in route for route in host.get("routes", ()))
        assert host.pop("retry_policy", None) == (ONCE if forwards else None)
    assert given == wanted


@pytest.mark.parametrize("case", CASES)
def test_status(case: str) -> None:
    """The objects would be given the status that is written, or none where none is."""
    result = outcome(case)
    printed = translate.statuses(result.translator, result.objects, SETTINGS.controller_name)
    statuses = {identity(document): document for document in printed}
    for document in expected(case, "status.yaml"):
        if document["status"] is None:
            assert identity(document) not in statuses
        else:
            assert statuses.get(identity(document)) == document


@pytest.mark.parametrize("case", CASES)
def test_any_order_of_arrival_comes_to_the_same(case: str) -> None:
    """Objects that come one by one, each with a commit of its own, mean what they mean together."""
    result = outcome(case)
    objects = list(result.objects.items())
    random.Random(case).shuffle(objects)
    translator = Translator(SETTINGS)
    for ref, value in objects:
        translator.put(ref.kind, value)
        translator.commit()
    assert contents(translator) == contents(result.translator)


@pytest.mark.envoy
@pytest.mark.parametrize("case", CASES)
def test_envoy_takes_it(case: str) -> None:
    """A real Envoy loads all that each Gateway of the case would get."""
    translator = outcome(case).translator
    for gateway in gateways(translator):
        validate(
            static.bootstrap(
                [(type_, item) for key, type_, item in translator.resources() if key == gateway],
                [(table, hosts) for key, table, hosts in translator.tables() if key == gateway],
            )
        )


def gateways(translator: Translator) -> set[Key]:
    """Name the Gateways that have something to serve."""
    return {gateway for gateway, _, _ in translator.resources()}
