"""Who is let in: streams of a bare client, by the rules of delta and of the state of the world alike."""

import threading
from collections.abc import Iterator

import grpc
import pytest
from envoy.service.discovery.v3 import discovery_pb2
from prometheus_client import REGISTRY

from tests.ads.control_plane import Served, serving
from tests.ads.doorman import Doorman
from tests.ads.envoy_config import cluster
from tests.ads.world import CLUSTER, GATEWAY
from tests.envoy.running import LOOPBACK, wait_until
from translator.value import Key
from xds_server.ads.conversation import Patience
from xds_server.ads.service import SERVICE

LIMIT = 20
OTHER = Key("shop", "other")
METHODS = {
    "DeltaAggregatedResources": discovery_pb2.DeltaDiscoveryRequest,
    "StreamAggregatedResources": discovery_pb2.DiscoveryRequest,
}
pytestmark = pytest.mark.parametrize("method", METHODS)


class Stream:
    """One stream of a client that shows a token, or none, and asks for a Gateway's clusters."""

    def __init__(
        self, served: Served, method: str, token: str | None, gateway: Key = GATEWAY, *, speaks: bool = True
    ) -> None:
        self._speaks = speaks
        self._channel = grpc.insecure_channel(f"{LOOPBACK}:{served.port}")
        request = METHODS[method](node={"id": "e", "cluster": str(gateway)}, type_url=CLUSTER.value)
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        call = self._channel.stream_stream(f"/{SERVICE}/{method}")
        self._ended = threading.Event()
        self.answers = call(self._requests(request.SerializeToString()), metadata=metadata, timeout=LIMIT)

    def _requests(self, request: bytes) -> Iterator[bytes]:
        yield from [request] if self._speaks else []
        self._ended.wait()

    def rest(self) -> tuple[list[bytes], str]:
        """Return what comes until the stream ends, and the code with which it does."""
        answers = []
        try:
            for answer in self.answers:
                answers.append(answer)
        except grpc.RpcError as error:
            return answers, error.code().name
        finally:
            self.close()
        return answers, "OK"

    def close(self) -> None:
        self._ended.set()
        self._channel.close()


@pytest.fixture
def doorman() -> Doorman:
    return Doorman(ours=GATEWAY, stolen=OTHER)


@pytest.fixture
def served(doorman: Doorman) -> Iterator[Served]:
    with serving(admission=doorman) as served:
        served.apply(cluster("a"))
        yield served


def counted(code: str) -> float:
    return REGISTRY.get_sample_value("gatehouse_xds_refusals_total", {"reason": code}) or 0.0


@pytest.mark.parametrize(
    ("token", "code"), [(None, "UNAUTHENTICATED"), ("made-up", "UNAUTHENTICATED"), ("stolen", "PERMISSION_DENIED")]
)
def test_who_is_not_the_gateways_envoy_gets_nothing(method: str, served: Served, token: str | None, code: str) -> None:
    before = counted(code)
    assert Stream(served, method, token).rest() == ([], code)
    assert counted(code) == before + 1
    assert not served.events


def test_the_gateways_envoy_is_served(method: str, served: Served) -> None:
    stream = Stream(served, method, "ours")
    assert b"envoy.config.cluster.v3.Cluster" in next(stream.answers)
    stream.close()


def test_who_cannot_be_known_now_may_come_again(method: str, served: Served, doorman: Doorman) -> None:
    doorman.away = True
    assert Stream(served, method, "ours").rest() == ([], "UNAVAILABLE")


def test_a_stream_ends_when_its_token_is_good_no_more(method: str, served: Served, doorman: Doorman) -> None:
    doorman.seconds = 0.0
    stream = Stream(served, method, "ours")
    next(stream.answers)
    del doorman.accounts["ours"]
    assert stream.rest() == ([], "UNAUTHENTICATED")


def test_a_stream_outlives_an_outage(method: str, served: Served, doorman: Doorman) -> None:
    doorman.seconds = 0.0
    stream = Stream(served, method, "ours")
    next(stream.answers)
    doorman.away = True
    seen = len(doorman.shown)
    wait_until(lambda: len(doorman.shown) >= seen + 2, "two vain questions")
    assert len(served.call(served.server.streams)) == 1
    stream.close()


def test_who_says_nothing_is_given_up_and_counted(method: str) -> None:
    before = counted("DEADLINE_EXCEEDED")
    with serving(patience=Patience(introduction=0.1)) as served:
        assert Stream(served, method, None, speaks=False).rest() == ([], "DEADLINE_EXCEEDED")
    assert counted("DEADLINE_EXCEEDED") == before + 1
