"""Access logs of a real Envoy: a line for each request, with the names of the objects that served it."""

import json
from typing import Any

import pytest

from tests.envoy.running import LOOPBACK, Envoy, free_port, running, wait_until
from tests.live.client import Edge, requests
from tests.live.documents import Document, gateway, http_route, listener, path, rule, served
from tests.live.stack import Folder, Ports, bootstrap_of, echoes, serve

pytestmark = [pytest.mark.envoy, pytest.mark.live, pytest.mark.xdist_group("access log")]


def parameters(mode: str) -> Document:
    """EnvoyParameters that switch the access log on or off."""
    return {
        "apiVersion": "gatehouse.dev/v1alpha1",
        "kind": "EnvoyParameters",
        "metadata": {"name": "logging", "namespace": "shop"},
        "spec": {"accessLog": {"mode": mode}},
    }


def logging_gateway(*listeners: Document) -> Document:
    """The Gateway shop/edge with these EnvoyParameters."""
    document = gateway(*listeners)
    reference = {"group": "gatehouse.dev", "kind": "EnvoyParameters", "name": "logging"}
    document["spec"]["infrastructure"] = {"parametersRef": reference}
    return document


def tcp_route() -> Document:
    """A TCPRoute to the Service echo."""
    parent = {"name": "edge", "sectionName": "tcp"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "TCPRoute",
        "metadata": {"name": "stream", "namespace": "shop"},
        "spec": {"parentRefs": [parent], "rules": [rule("echo")]},
    }


def lines(envoy: Envoy) -> list[dict[str, Any]]:
    """The access log."""
    return [json.loads(line) for line in envoy.log.splitlines() if line.startswith("{")]


def logged_stream(tcp: Edge, envoy: Envoy) -> bool:
    """Send a request over a connection that ends with it, and say whether one was logged."""
    assert tcp.get("any.example.com", connection="close").status == 200
    return any(it["listener"] == "tcp" for it in lines(envoy))


def switch(folder: Folder, edge: Edge, envoy: Envoy, mode: str) -> None:
    """Switch the log on or off and wait until it is."""

    def is_so() -> bool:
        before = len(lines(envoy))
        assert edge.get("shop.example.com", "/probe").status == 200
        try:
            wait_until(lambda: len(lines(envoy)) > before, "a line", patience=0.5)
        except AssertionError:
            return mode == "Disabled"
        return mode == "Enabled"

    folder.write("parameters.yaml", parameters(mode))
    wait_until(is_so, f"a log that is {mode}")


def test_a_line_names_what_served_the_request(folder: Folder) -> None:
    """Switched on and off while requests are served, of which none fails."""
    ports, edge, tcp = Ports(), Edge(LOOPBACK, free_port()), Edge(LOOPBACK, free_port())
    folder.write("parameters.yaml", parameters("Disabled"))
    folder.write("gateway.yaml", logging_gateway(listener(port=edge.port), listener("tcp", tcp.port, protocol="TCP")))
    folder.write("shop.yaml", http_route("shop", rule("echo", matches=[path("/cart"), path("/probe")])))
    with (
        echoes("echo") as backends,
        serve(folder, ports),
        running(bootstrap_of(ports), "--file-flush-interval-msec", "20") as envoy,
    ):
        folder.write("echo.yaml", *served("echo", backends["echo"]))
        wait_until(lambda: edge.status("shop.example.com", "/cart") == 200, "an answer")
        assert lines(envoy) == []
        folder.write("whole.yaml", http_route("whole", rule("echo")), tcp_route())
        wait_until(lambda: edge.status("whole.example.com") == 200, "an answer")
        with requests(edge, "whole.example.com") as load:
            switch(folder, edge, envoy, "Enabled")
            edge.get("shop.example.com", "/cart/7?secret=x", user_agent="test")
            edge.get("nobody.example.com", "/cart")
            wait_until(lambda: logged_stream(tcp, envoy), "a line")
            wait_until(lambda: any(it.get("host") == "nobody.example.com" for it in lines(envoy)), "a line")
            found = lines(envoy)
            switch(folder, edge, envoy, "Disabled")
    assert load.failures == []
    line = next(it for it in found if it.get("userAgent") == "test")
    expected = {
        "gateway": "shop/edge",
        "listener": "http",
        "route": "httproute/shop/shop/rule/0/match/0",
        "cluster": "shop/echo/80",
        "endpoint": f"{LOOPBACK}:{backends['echo']}",
        "method": "GET",
        "host": "shop.example.com",
        "path": "/cart/7",
        "protocol": "HTTP/1.1",
        "status": 200,
        "client": LOOPBACK,
    }
    assert {name: line[name] for name in expected} == expected
    missed = next(it for it in found if it.get("host") == "nobody.example.com")
    assert (missed["status"], missed["route"], missed["cluster"]) == (404, None, None)
    stream = next(it for it in found if it["listener"] == "tcp")
    assert (stream["gateway"], stream["route"]) == ("shop/edge", "tcproute/shop/stream/rule/0")
    assert (stream["cluster"], stream["endpoint"]) == ("shop/echo/80/tcp", f"{LOOPBACK}:{backends['echo']}")
    assert stream["bytesSent"] > 0
