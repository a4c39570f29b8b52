"""`gatehouse up`: edits take effect, processes come back and go, ports collide, and one line says where to begin."""

import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.attach.issuing import certificate, ec_key, key_pem
from tests.envoy.running import wait_until
from tests.live.client import Edge, requests
from tests.live.documents import (
    Document,
    backend,
    echo,
    gateway,
    http_route,
    https,
    listener,
    marks,
    namespace,
    reference_grant,
    rule,
    tls_secret,
)
from tests.live.stack import ROOT, Folder, Gatehouse, free_offset, is_alive, start, up

pytestmark = pytest.mark.live

SOON = 5.0
"""Generous for what takes a few hundredths of a second on an idle machine."""


def shop(folder: Folder, *, replicas: int = 1) -> None:
    folder.write("echo.yaml", *echo("echo", replicas=replicas))
    folder.write("route.yaml", http_route("shop", rule("echo")))


def marked(name: str, mark: str, **spec: object) -> Document:
    return http_route(name, rule("echo", filters=[marks(mark)]), **spec)


def test_each_edit_takes_effect_at_once(folder: Folder) -> None:
    """Objects of all kinds come and go while it runs; no edit takes a second on an idle machine."""
    shop(folder)
    took: dict[str, float] = {}
    with up(folder.path) as gatehouse:
        edge = gatehouse.edge()
        second = Edge("127.20.0.2", edge.port)

        def effective(what: str, name: str, *documents: Document, is_so: Callable[[], bool]) -> None:
            assert not is_so(), what
            began = time.monotonic()
            folder.write(name, *documents) if documents else folder.remove(name)
            gatehouse.wait_until(is_so, what, SOON)
            took[what] = time.monotonic() - began

        effective(
            "a route is added",
            "second.yaml",
            marked("second", "1"),
            is_so=lambda: edge.status("second.example.com") == 200,
        )
        effective(
            "a route is changed",
            "second.yaml",
            marked("second", "2"),
            is_so=lambda: edge.get("second.example.com").rule == "2",
        )
        effective("a route is removed", "second.yaml", is_so=lambda: edge.status("second.example.com") == 404)
        effective(
            "a Deployment is scaled up",
            "echo.yaml",
            *echo("echo", replicas=3),
            is_so=lambda: {edge.pod("shop.example.com") for _ in range(30)} == {"echo-1", "echo-2", "echo-3"},
        )
        effective(
            "a Deployment is scaled down",
            "echo.yaml",
            *echo("echo"),
            is_so=lambda: {edge.pod("shop.example.com") for _ in range(30)} == {"echo-1"},
        )
        effective(
            "a listener is added",
            "gateway.yaml",
            gateway(listener(), listener("more", 81)),
            is_so=lambda: Edge(edge.address, edge.port + 1).status("shop.example.com") == 200,
        )
        effective(
            "a listener is removed",
            "gateway.yaml",
            gateway(),
            is_so=lambda: Edge(edge.address, edge.port + 1).status("shop.example.com") == 0,
        )
        both = [{"name": "edge"}, {"name": "other"}]
        effective(
            "a Gateway is added",
            "other.yaml",
            gateway(name="other"),
            marked("both", "both", parentRefs=both),
            is_so=lambda: second.status("both.example.com") == 200,
        )
        assert edge.status("both.example.com") == 200
        assert len(gatehouse.envoy_pids()) == 2
        effective("a Gateway is removed", "other.yaml", is_so=lambda: not second.status("both.example.com"))
        gatehouse.wait_until(lambda: len(gatehouse.envoy_pids()) == 1, "the second Envoy to end")
        assert edge.status("shop.example.com") == 200
    print({what: f"{seconds * 1000:.0f} ms" for what, seconds in took.items()})


def test_a_rollout_loses_no_request(folder: Folder) -> None:
    """Replicas come and go under requests without pause."""
    shop(folder)
    with up(folder.path) as gatehouse, requests(gatehouse.edge(), "shop.example.com") as load:
        for replicas in (3, 1, 2, 4, 1):
            folder.write("echo.yaml", *echo("echo", replicas=replicas))
            pods = {f"echo-{number}" for number in range(1, replicas + 1)}
            edge = gatehouse.edge()
            gatehouse.wait_until(
                lambda edge=edge, pods=pods: {edge.pod("shop.example.com") for _ in range(40)} == pods, f"{pods}"
            )
            sent = load.count
            gatehouse.wait_until(lambda sent=sent: load.count > sent + 200, "requests while the old pods leave")
    assert load.failures == []


def test_permissions_count_from_the_moment_they_are_given_or_taken(folder: Folder) -> None:
    """Namespaces by label and ReferenceGrants."""
    allowed = {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"edge": "shop"}}}}
    folder.write("gateway.yaml", gateway(listener(allowedRoutes=allowed)))
    folder.write("echo.yaml", *echo("echo"))
    folder.write("route.yaml", http_route("far", rule(backend("echo", namespace="shop")), namespace="far"))
    with up(folder.path, ready="listener http: http://") as gatehouse:
        edge = gatehouse.edge()

        def comes_to(status: int) -> None:
            gatehouse.wait_until(lambda: edge.status("far.example.com") == status, f"{status}", SOON)

        assert edge.status("far.example.com") == 404
        folder.write("namespace.yaml", namespace("far", edge="shop"))
        comes_to(500)
        folder.write("grant.yaml", reference_grant("far"))
        comes_to(200)
        folder.remove("grant.yaml")
        comes_to(500)
        folder.write("namespace.yaml", namespace("far"))
        comes_to(404)


def test_a_listener_that_comes_or_goes_leaves_the_connections_of_its_neighbours(folder: Folder) -> None:
    """Beside it on the same port: for HTTPS that changes Envoy's listener."""
    shop(folder)
    key = ec_key()
    folder.write("tls.yaml", tls_secret("tls", certificate(key), key_pem(key)))
    one = https("one", "tls", hostname="shop.example.com")
    folder.write("gateway.yaml", gateway(listener(hostname="shop.example.com"), one))
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with (
        up(folder.path) as gatehouse,
        gatehouse.edge().connect() as plain,
        gatehouse.edge("one").connect(tls, "shop.example.com") as secure,
    ):
        both = (listener("two", hostname="two.example.com"), https("three", "tls", hostname="two.example.com"))
        everywhere = [{"name": "edge"}]
        folder.write("two.yaml", marked("two", "two", parentRefs=everywhere))
        for listeners, status in ((both, 200), ((), 404), (both, 200)):
            folder.write("gateway.yaml", gateway(listener(hostname="shop.example.com"), one, *listeners))
            gatehouse.wait_until(
                lambda status=status: gatehouse.edge().status("two.example.com") == status, f"{status}", SOON
            )
            for connection in (plain, secure):
                assert connection.request("/", "shop.example.com").status == 200
                assert connection.is_open


def test_two_gateways_use_one_port(folder: Folder) -> None:
    folder.write("other.yaml", gateway(name="other"))
    folder.write("echo.yaml", *echo("echo"))
    folder.write("routes.yaml", marked("one", "one"), marked("two", "two", parentRefs=[{"name": "other"}]))
    with up(folder.path) as gatehouse:
        one, two = gatehouse.edge(), gatehouse.edge(gateway="shop/other")
        assert one.port == two.port
        assert one.address != two.address
        assert [edge.status(host) for edge in (one, two) for host in ("one.example.com", "two.example.com")] == [
            200,
            404,
            404,
            200,
        ]


def test_a_port_that_two_listeners_cannot_share_is_a_condition(folder: Folder) -> None:
    shop(folder)
    clash = listener("clash", 81, protocol="HTTPS", tls={"certificateRefs": [{"name": "none"}]})
    folder.write("gateway.yaml", gateway(listener(), listener("first", 81), clash))
    with up(folder.path) as gatehouse:
        assert gatehouse.said("Gateway shop/edge", "ProtocolConflict")
        assert gatehouse.edge().status("shop.example.com") == 200


@contextmanager
def held(address: str, port: int) -> Iterator[None]:
    """Listen at a port as another program would."""
    with socket.create_server((address, port)):
        yield


def test_a_port_that_another_program_holds_is_reported_and_harms_no_other(folder: Folder) -> None:
    shop(folder)
    folder.write("gateway.yaml", gateway(listener("taken", 81), listener()))
    offset = free_offset()
    with held("127.20.0.1", offset + 81):
        process = start(
            "up", "--plain", "--debug-port", "0", "--page-port", "0", "--port-offset", str(offset), folder.path
        )
        with ended(process) as gatehouse:
            edge = Edge("127.20.0.1", offset + 80)
            gatehouse.wait_until(lambda: edge.status("shop.example.com") == 200, "the listener beside it")
            gatehouse.wait_until_said("127.20.0.1", f"{offset + 81}", "in use")
    with up(folder.path, offset=offset) as gatehouse:
        assert gatehouse.edge("taken").status("shop.example.com") == 200


def test_two_of_them_serve_side_by_side(folder: Folder) -> None:
    """Each with addresses of its own for its Gateways: neither answers for the other."""
    shop(folder)
    with up(folder.path) as first:
        edge = first.edge()
        options = ["--plain", "--debug-port", "0", "--page-port", "0", "--port-offset", str(edge.port - 80)]
        with ended(start("up", *options, ROOT / "examples/quickstart")) as second:
            second.wait_until_said("Gateway default/gateway", "http://")
            assert second.edge(gateway="default/gateway").status("shop.example.com") == 200
            assert second.edge(gateway="default/gateway").address != edge.address
            assert {edge.status("shop.example.com") for _ in range(20)} == {200}
            assert edge.status("unknown.example.com") == 404


@contextmanager
def ended(gatehouse: Gatehouse) -> Iterator[Gatehouse]:
    """End a command that was started by hand."""
    try:
        yield gatehouse
        assert gatehouse.interrupt() == 0
    finally:
        gatehouse.kill()


def test_an_envoy_that_dies_comes_back_with_everything(folder: Folder) -> None:
    shop(folder)
    with up(folder.path) as gatehouse:
        edge = gatehouse.edge()
        for _ in range(2):
            [pid] = gatehouse.envoy_pids()
            os.kill(pid, signal.SIGKILL)
            gatehouse.wait_until(lambda pid=pid: not is_alive(pid), "it to die")
            gatehouse.wait_until(lambda: edge.status("shop.example.com") == 200, "another Envoy", 10)
        folder.write("second.yaml", marked("second", "second"))
        gatehouse.wait_until(lambda: edge.status("second.example.com") == 200, "an edit", SOON)


def test_ctrl_c_ends_everything_at_once(folder: Folder) -> None:
    shop(folder)
    with up(folder.path) as gatehouse:
        family = gatehouse.descendants
        assert "envoy" in family.values()
        began = time.monotonic()
        assert gatehouse.interrupt() == 0, gatehouse.output
        assert time.monotonic() - began < 10
        assert not [pid for pid in family if is_alive(pid)]
        assert "Traceback" not in gatehouse.output


def test_killed_it_leaves_no_envoy_behind(folder: Folder) -> None:
    shop(folder)
    with up(folder.path) as gatehouse:
        family = gatehouse.descendants
        gatehouse.kill()
        wait_until(lambda: not any(map(is_alive, family)), "Envoys to end with gatehouse", 10)


def test_it_starts_in_seconds(folder: Folder) -> None:
    shop(folder)
    for _ in range(2):
        began = time.monotonic()
        with up(folder.path) as gatehouse:
            took = time.monotonic() - began
            assert gatehouse.edge().status("shop.example.com") == 200
    print(f"started in {took:.1f} s")
    assert took < 15


def test_the_first_request_to_try_is_the_readmes_and_is_answered(folder: Folder) -> None:
    """`gatehouse up examples/quickstart` prints the README's first curl, on one line, and it answers 200."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    first = next(command for command in commands if command.startswith("curl "))
    with up(ROOT / "examples/quickstart", offset=10_000) as gatehouse:
        assert f"Try: {first}" in gatehouse.lines
        code = subprocess.run(
            [*shlex.split(first), "-s", "-o", os.devnull, "-w", "%{http_code}"], capture_output=True, timeout=SOON
        )
    assert code.stdout == b"200"


def test_make_run_and_make_test_are_the_readmes_first_commands() -> None:
    blocks = re.findall(r"^```\w*\n(.*?)^```$", Path(ROOT, "README.md").read_text(), re.MULTILINE | re.DOTALL)
    commands = [line.removeprefix("$ ").split("#")[0].strip() for block in blocks for line in block.splitlines()]
    made = [command for command in commands if command.startswith("make ")]
    assert made[:2] == ["make run", "make test"]
