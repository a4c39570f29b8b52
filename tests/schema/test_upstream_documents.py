"""The Gateway API's own documents: what it calls invalid is refused, what it shows as an example is admitted."""

from pathlib import Path

import pytest

from tests.schema.documents import CATALOGS, DATA, admit, read
from xds_server.schema import Channel

INVALID = sorted((DATA / "invalid-examples").rglob("*.yaml"))
EXAMPLES = sorted((DATA / "examples").rglob("*.yaml"))


def channel_of(path: Path) -> Channel:
    return Channel.EXPERIMENTAL if Channel.EXPERIMENTAL in path.relative_to(DATA).parts else Channel.STANDARD


def name(path: Path) -> str:
    return str(path.relative_to(DATA))


def test_all_of_them_are_here() -> None:
    assert (len(INVALID), len(EXAMPLES)) == (36, 89)


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_example_is_refused(path: Path) -> None:
    assert any(admit(document, channel_of(path)).violations for document in read(path))


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_example_is_refused_by_the_experimental_channel_too(path: Path) -> None:
    assert any(admit(document, Channel.EXPERIMENTAL).violations for document in read(path))


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_an_example_is_admitted_whole(path: Path) -> None:
    for document in read(path):
        if CATALOGS[channel_of(path)].definition(document["apiVersion"], document["kind"]):
            admitted = admit(document, channel_of(path))
            assert (list(map(str, admitted.violations)), admitted.unknown) == ([], ())


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_an_admitted_document_is_admitted_again_unchanged(path: Path) -> None:
    for document in read(path):
        if CATALOGS[channel_of(path)].definition(document["apiVersion"], document["kind"]):
            once = admit(document, channel_of(path))
            assert admit(once.document, channel_of(path)) == once
