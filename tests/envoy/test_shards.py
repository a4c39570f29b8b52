"""Requests that find their routes by scopes get what one table would give, whatever the host and whoever forges."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.envoy.running import LOOPBACK, PATIENCE, free_port
from tests.envoy.serving import backend, serving
from tests.xds.world import EDGE, EVERYTHING, World, http, to, when
from translator import ir
from translator.xds.shards import COUNTS, Sharding

pytestmark = pytest.mark.envoy

EXACT = tuple(f"h{nth}.{zone}" for zone in ("example.com", "shop.example.com", "b.org") for nth in range(24))
WILDCARDS = ("*.example.com", "*.h3.example.com", "*.org")
DIVIDED, WHOLE = Sharding(table_bytes=1, copies=0), Sharding(table_bytes=1 << 40)

labels = st.sampled_from(("h3", "h17", "x", "", "example", "b", "H5", "h_3", "*", "1.2.3.4", "h99"))
zones = st.sampled_from(("example.com", "EXAMPLE.com", "shop.example.com", "b.org", "org", "net", "h3.example.com"))
literals = st.sampled_from(
    ("[::1]", "[2001:db8::7]", "127.0.0.1", "h3.example.com.", "", "*", "user@h3.example.com", "-")
)
hosts = st.sampled_from(EXACT) | st.builds(lambda *of: ".".join(filter(None, of)), labels, zones) | literals
ports = st.sampled_from(("", "", ":80", ":8080", ":", ":x", ":1:2", ":65536"))
forged = st.sampled_from(("", "x-gatehouse-scope: http/80/3\r\n", "X-Gatehouse-Scope: \r\nx-gatehouse-scope: a,b\r\n"))
lines = st.sampled_from(("GET / HTTP/1.1", "GET / HTTP/1.1", "HEAD / HTTP/1.1", "GET / HTTP/1.0"))
requests = st.builds(
    lambda line, host, port, extra: f"{line}\r\nhost: {host}{port}\r\n{extra}connection: close\r\n\r\n",
    lines, hosts, ports, forged,
) | st.just("GET / HTTP/1.1\r\nconnection: close\r\n\r\n")  # fmt: skip


def sharded(sharding: Sharding, wildcards: tuple[str, ...]) -> World:
    """Hosts and wildcards that each redirect to a name of their own."""
    made = World(http(port=80), sharding=sharding)
    made.place(ir.Placement(bind=LOOPBACK, port_offset=free_port() - 80))
    for host in (*EXACT, *wildcards):
        named = ir.Redirect(status=302, hostname=f"{host.replace('*', 'any')}.test")
        made.route(host.replace("*", "any"), when(EVERYTHING, named), hostnames=(host,))
    return made.commit()


def port(made: World) -> int:
    placement = made.placements.get(EDGE)
    assert placement is not None
    return int(placement.port(80))


def said(port: int, request: str) -> tuple[bytes, bytes]:
    """Return the status line and the Location of the answer."""
    with socket.create_connection((LOOPBACK, port), PATIENCE) as sent:
        sent.sendall(request.encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = sent.recv(65536)
            if not more:
                break
            answer += more
    status, *fields = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return status, next((it for it in fields if it.startswith(b"location:")), b"")


@pytest.fixture(scope="module", params=[WILDCARDS, (*WILDCARDS, "*")], ids=["some hosts", "any host"])
def both(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """The ports of the same hosts in 64 tables and in one."""
    divided, whole = (sharded(sharding, request.param) for sharding in (DIVIDED, WHOLE))
    assert (len(divided.tables.get((EDGE, "http/80/0")) or ()), len(whole.route_tables())) == (COUNTS[0], 1)
    with serving(divided), serving(whole):
        yield port(divided), port(whole)


@given(request=requests)
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_request_is_answered_as_by_one_table(both: tuple[int, int], request: str) -> None:
    one, other = (said(it, request) for it in both)
    assert one == other


def test_every_host_is_found_in_its_shard(both: tuple[int, int]) -> None:
    """Envoy computes the keys that hosts are placed by."""
    for host in EXACT:
        for written in (host, host.upper(), f"{host}:8080"):
            status, location = said(both[0], f"GET / HTTP/1.1\r\nhost: {written}\r\nconnection: close\r\n\r\n")
            assert (status, location) == (b"HTTP/1.1 302 Found", f"location: http://{host}.test/".encode())


@contextmanager
def echoed(**fields: Any) -> Iterator[int]:
    """A listener with one route to a backend that says which headers it got."""
    with backend("cart") as there:
        made = World(http(port=80)).place(ir.Placement(bind=LOOPBACK, port_offset=free_port() - 80))
        made.service("cart", (LOOPBACK, there)).route("cart", when(EVERYTHING, to("cart"), **fields))
        with serving(made):
            yield port(made)


@pytest.mark.parametrize("forged", ["", "x-gatehouse-scope: http/80/3\r\n"])
def test_no_backend_sees_the_header(forged: str) -> None:
    request = f"GET / HTTP/1.1\r\nhost: a.example.com\r\nx-own: 1\r\n{forged}connection: close\r\n\r\n"
    with echoed() as at, socket.create_connection((LOOPBACK, at), PATIENCE) as sent:
        sent.sendall(request.encode())
        answer = b"".join(iter(lambda: sent.recv(65536), b"")).lower()
    assert b"x-own" in answer
    assert b"x-gatehouse-scope" not in answer
