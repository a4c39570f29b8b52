"""A real Envoy over TLS: it reads a rotated token and a rotated bundle again, and is not started anew for that."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ads.control_plane import Served, serving
from tests.ads.doorman import Doorman
from tests.ads.envoy_config import bootstrap, cluster
from tests.ads.world import GATEWAY
from tests.envoy.running import Envoy, running, wait_until
from translator.value import Key
from xds_server.kube.fleet.secured import Files, sds_files, secure
from xds_server.kube.identity import ServingCertificate
from xds_server.kube.identity.authority import OVERLAP, advanced, found, issued

pytestmark = pytest.mark.live

NAME = "gatehouse.gatehouse-system.svc"
NOW = datetime.now(UTC)


class Volume:
    """A folder as a kubelet mounts it: what is in it changes all at once, by the swap of one link."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, str] = {}
        self._times = 0
        folder.mkdir()

    def put(self, files: dict[str, str]) -> None:
        """Change some of the files."""
        self._files |= files
        self._times += 1
        version = self.folder / f"..{self._times}"
        version.mkdir()
        for name, text in self._files.items():
            (version / name).write_text(text)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        swapped = self.folder / "..data_tmp"
        swapped.symlink_to(version.name)
        swapped.rename(self.folder / "..data")


class Stage:
    """A control plane with an authority of its own, and the volumes of an Envoy."""

    def __init__(self, folder: Path, doorman: Doorman) -> None:
        self.doorman = doorman
        self.authority = found(NOW)
        self.serving = ServingCertificate()
        self.config, self.token = Volume(folder / "config"), Volume(folder / "token")
        self.issue()
        self.config.put({"ca.crt": self.authority.bundle, **sds_files(self.files)})
        self.token.put({"token": "one"})

    @property
    def files(self) -> Files:
        return Files(str(self.config.folder), token=str(self.token.folder / "token"))

    def issue(self) -> None:
        self.serving.serve(issued(self.authority, [NAME], datetime.now(UTC)), self.authority.bundle)

    def bootstrap(self, port: int, name: str = NAME) -> dict[str, Any]:
        document = copy.deepcopy(bootstrap(port))
        secure(document["static_resources"]["clusters"][0], name, self.files)
        return document

    @contextmanager
    def up(self, port: int = 0) -> Iterator[Served]:
        with serving(port=port, admission=self.doorman, credentials=self.serving.credentials()) as served:
            served.apply(cluster("a"))
            yield served


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path, Doorman(one=GATEWAY, two=GATEWAY, stolen=Key("shop", "other")))


def knows(envoy: Envoy, name: str) -> bool:
    return f'"name": "{name}"'.encode() in envoy.admin("/config_dump?resource=dynamic_active_clusters")


def test_a_rotated_token_is_shown_on_the_next_connection(stage: Stage) -> None:
    with stage.up() as first, running(stage.bootstrap(first.port), wait=False) as envoy:
        wait_until(lambda: knows(envoy, "a"), "the first cluster")
        assert set(stage.doorman.shown) == {"one"}
        stage.token.put({"token": "two"})
        first.stop()
        del stage.doorman.accounts["one"]
        with stage.up(first.port) as second:
            second.apply(cluster("b"))
            wait_until(lambda: knows(envoy, "b"), "the second cluster")
        assert stage.doorman.shown[-1] == "two"


def test_a_stream_whose_token_has_expired_comes_back_with_the_new_one(stage: Stage) -> None:
    stage.doorman.seconds = 0.0
    with stage.up() as served, running(stage.bootstrap(served.port), wait=False) as envoy:
        wait_until(lambda: knows(envoy, "a"), "the first cluster")
        stage.token.put({"token": "two"})
        del stage.doorman.accounts["one"]
        wait_until(lambda: "two" in stage.doorman.shown, "the new token")
        served.apply(cluster("b"))
        wait_until(lambda: knows(envoy, "b"), "the second cluster")


def test_a_stolen_token_gets_nothing(stage: Stage) -> None:
    stage.token.put({"token": "stolen"})
    with stage.up() as served, running(stage.bootstrap(served.port), wait=False) as envoy:
        wait_until(lambda: "is not that of the Envoys of Gateway" in envoy.log, "Envoy's log of the refusal")
        assert not knows(envoy, "a")
        assert not served.events


def test_an_authority_is_rotated_under_an_envoy(stage: Stage) -> None:
    """Each step is the authority's own: both are trusted, then the new one signs and the old one is gone."""
    stage.authority = found(NOW - timedelta(days=300))
    stage.issue()
    stage.config.put({"ca.crt": stage.authority.bundle})
    with stage.up() as first, running(stage.bootstrap(first.port), wait=False) as envoy:
        wait_until(lambda: knows(envoy, "a"), "the first cluster")
        both = advanced(stage.authority, NOW - 2 * OVERLAP)
        stage.config.put({"ca.crt": both.bundle})
        stage.authority = advanced(both, NOW)
        assert stage.authority.current == both.coming
        stage.issue()
        first.stop()
        with stage.up(first.port) as second:
            second.apply(cluster("b"))
            wait_until(lambda: knows(envoy, "b"), "the second cluster")


def test_a_new_certificate_is_shown_without_a_restart(stage: Stage) -> None:
    with stage.up() as served:
        with running(stage.bootstrap(served.port), wait=False) as envoy:
            wait_until(lambda: knows(envoy, "a"), "the first Envoy")
        stage.authority = found(NOW)
        stage.issue()
        with running(stage.bootstrap(served.port), wait=False) as envoy:
            wait_until(lambda: failures(envoy) > 0, "an Envoy that does not trust the new authority yet")
            assert not knows(envoy, "a")
            stage.config.put({"ca.crt": stage.authority.bundle})
            wait_until(lambda: knows(envoy, "a"), "the Envoy once it does")


def test_a_server_of_another_name_is_not_trusted(stage: Stage) -> None:
    with stage.up() as served, running(stage.bootstrap(served.port, "gatehouse.evil.svc"), wait=False) as envoy:
        wait_until(lambda: failures(envoy) > 0, "the refusal")
        assert not stage.doorman.shown


def failures(envoy: Envoy) -> int:
    return sum(value for name, value in envoy.stats("ssl.fail_verify").items() if "fail_verify" in name)
