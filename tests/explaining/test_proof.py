"""A small part of the proof, with every run of the tests; `make explain-proof` does all of it."""

from pathlib import Path

import pytest

from tests.explaining.backends import backends
from tests.explaining.proof import FIRST_SEED, prove

pytestmark = pytest.mark.envoy


@pytest.mark.parametrize("seed", range(FIRST_SEED + 1000, FIRST_SEED + 1003))
def test_envoy_does_what_is_explained_in_random_worlds(seed: int, tmp_path: Path) -> None:
    """HTTP/1.1, HTTP/2, gRPC, TLS passed through, redirects, rewrites, copies, preflights: all of one mind."""
    with backends(tmp_path) as ready:
        result = prove(seed, 120, ready, tmp_path)
    assert not result.disagreements, "\n".join(map(str, result.disagreements))
    assert len(result.ways) > 4
