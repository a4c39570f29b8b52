"""The harness itself: an Envoy is ready when entered and gone when left."""

import os

import pytest

from tests.envoy.running import running, validate

pytestmark = pytest.mark.envoy


def test_an_envoy_is_ready_when_entered_and_gone_when_left() -> None:
    with running({}) as envoy:
        assert envoy.is_ready
        assert envoy.stats("^server.live$") == {"server.live": 1}
    with pytest.raises(ProcessLookupError):
        os.kill(envoy.pid, 0)


def test_a_bootstrap_that_envoy_refuses_fails_with_its_words() -> None:
    with pytest.raises(AssertionError, match="no_such_field"):
        validate({"no_such_field": 1})
    with pytest.raises(AssertionError, match="no_such_field"), running({"no_such_field": 1}):
        pass
