"""Routes that come, change and go under requests without pause: nobody sees an error."""

import http.client
import threading
import time
from collections.abc import Iterator
from statistics import median

import pytest

from tests.live.client import Connection, Edge, requests
from tests.live.documents import Document, http_route, rule, served
from tests.live.stack import Folder, echoes, up

pytestmark = pytest.mark.live

SOON = 5.0


@pytest.fixture(scope="module")
def backend_port() -> Iterator[int]:
    with echoes("echo") as ports:
        yield ports["echo"]


def to_service_of_its_own(route: str, service: str, port: int) -> tuple[Document, ...]:
    """A Service and a route to it, which tells the backend the Service's name."""
    header = {"set": [{"name": "X-Backend", "value": service}]}
    changes = [{"type": "RequestHeaderModifier", "requestHeaderModifier": header}]
    return *served(service, port), http_route(route, rule(service, filters=changes))


def answered_by(edge: Edge, route: str) -> str:
    """The Service that answers a route's requests; the status where it is not 200."""
    answer = edge.get(f"{route}.example.com")
    return "".join(answer.sent("X-Backend")) if answer.status == 200 else str(answer.status)


def test_two_hundred_edits_under_requests_without_one_failure(folder: Folder, backend_port: int) -> None:
    """A third each: a route is added, one is sent to a new Service, one is removed."""
    folder.write("steady.yaml", *to_service_of_its_own("steady", "first", backend_port))
    folder.write("changing.yaml", *to_service_of_its_own("changing", "zero", backend_port))
    took: list[float] = []
    with up(folder.path) as gatehouse:
        edge = gatehouse.edge()

        def effective(route: str, expected: str) -> None:
            began = time.monotonic()
            gatehouse.wait_until(lambda: answered_by(edge, route) == expected, f"{route}: {expected}", SOON)
            took.append(time.monotonic() - began)

        with requests(edge, "steady.example.com", "changing.example.com") as load:
            for number in range(67):
                name = f"added-{number}"
                folder.write(f"{name}.yaml", *to_service_of_its_own(name, f"{name}-service", backend_port))
                effective(name, f"{name}-service")
                if number % 5 == 0:
                    load.hosts = (*load.hosts, f"{name}.example.com")
                folder.write("changing.yaml", *to_service_of_its_own("changing", f"new-{number}", backend_port))
                effective("changing", f"new-{number}")
                if number % 5:
                    folder.remove(f"{name}.yaml")
                    effective(name, "404")
                else:
                    folder.write("steady.yaml", *to_service_of_its_own("steady", f"other-{number}", backend_port))
                    effective("steady", f"other-{number}")
    assert load.failures == []
    assert len(took) >= 200
    print(
        f"{len(took)} edits, {load.count} requests; effective after {median(took) * 1000:.0f} ms, "
        f"at most {max(took) * 1000:.0f} ms"
    )


class Newcomers:
    """Asks for each of many hosts until it answers 200; only 404 may come before that, and nothing else after."""

    def __init__(self, edge: Edge, hosts: list[str]) -> None:
        self.wrong: list[str] = []
        self.pending = list(hosts)
        self.answered: list[str] = []
        self._edge = edge
        self._stop = threading.Event()

    def run(self) -> None:
        """Ask until all have answered, or it is stopped."""
        connection = self._edge.connect()
        while self.pending and not self._stop.is_set():
            for host in self.pending[:20] + self.answered[-20:]:
                connection = self._ask(connection, host)
            self.pending = [host for host in self.pending if host not in set(self.answered)]
        connection.close()

    def _ask(self, connection: Connection, host: str) -> Connection:
        try:
            status = connection.request("/", host).status
        except (OSError, http.client.HTTPException) as error:
            self.wrong.append(f"{host}: {error!r}")
            connection.close()
            return self._edge.connect()
        if status == 200:
            if host not in self.answered:
                self.answered.append(host)
        elif status != 404 or host in self.answered:
            self.wrong.append(f"{host}: {status}")
        return connection

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()


def test_a_thousand_routes_with_a_service_each_are_added_without_pause(folder: Folder, backend_port: int) -> None:
    """A new host answers 404 until its route is there, and from then on 200."""
    names = [f"route-{number}" for number in range(1000)]
    folder.write("steady.yaml", *to_service_of_its_own("steady", "steady-service", backend_port))
    with up(folder.path) as gatehouse, requests(gatehouse.edge(), "steady.example.com", threads=1) as load:
        newcomers = Newcomers(gatehouse.edge(), [f"{name}.example.com" for name in names])
        asking = threading.Thread(target=newcomers.run, daemon=True)
        asking.start()
        try:
            began = time.monotonic()
            for name in names:
                folder.write(f"{name}.yaml", *to_service_of_its_own(name, f"{name}-service", backend_port))
            written = time.monotonic()
            gatehouse.wait_until(lambda: answered_by(gatehouse.edge(), names[-1]) != "404", "the last route", 120)
            print(f"written in {written - began:.1f} s, the last is served {time.monotonic() - written:.2f} s later")
            gatehouse.wait_until(lambda: not newcomers.pending, "all hosts to answer", 120)
        finally:
            newcomers.stop()
            asking.join()
        assert newcomers.wrong == []
    assert load.failures == []
