"""What is observed of requests: counted by route where EnvoyParameters say so."""

import pytest

from translator import ir
from translator.api.parameters import EnvoyParametersSpec, Stats
from translator.attach.observation import counted
from translator.value import Key

EDGE = Key("shop", "edge")


@pytest.mark.parametrize(("stats", "found"), [(None, None), (Stats(), None), (Stats(routes=False), None)])
def test_nothing_is_counted_by_route_unasked(stats: Stats | None, found: bool | None) -> None:
    assert counted(EDGE, ir.Infrastructure("1", "class", (), parameters=EnvoyParametersSpec(stats=stats))) is found


def test_requests_are_counted_by_route_on_request() -> None:
    asked = EnvoyParametersSpec(stats=Stats(routes=True))
    assert counted(EDGE, ir.Infrastructure("1", "class", (), parameters=asked)) is True
