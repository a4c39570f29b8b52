"""How a request is read from a command line, and its path as Envoy routes it (seen on 1.40)."""

import pytest

from xds_server.explaining.request import NotARequest, normal, read, without_port


@pytest.mark.parametrize(
    ("written", "routed"),
    [
        ("/", "/"),
        ("//", "//"),
        ("///", "//"),
        ("//a", "/a"),
        ("/a//", "/a/"),
        ("/./", "/"),
        ("/a/..", "/"),
        ("/%2e%2E/a", "/a"),
        ("/a/.%2e/b", "/b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/a/b/../", "/a/"),
    ],
)
def test_paths(written: str, routed: str) -> None:
    assert normal(written) == routed


def test_a_url_says_port_host_and_server_name() -> None:
    request = read("get", "https://Shop.Example.com/cart?q=1", ["X-User: 7"])
    assert (request.method, request.port, request.host) == ("GET", 443, "shop.example.com")
    assert (request.server_name, request.parameter("q")) == ("shop.example.com", "1")
    assert request.header("x-user") == ("7",)


def test_a_host_header_and_a_server_name_of_its_own_win() -> None:
    request = read("GET", "https://10.0.0.1:8443/", ["Host: a.example.com:8443"], "b.example.com")
    assert (request.host, request.server_name, request.port) == ("a.example.com", "b.example.com", 8443)


@pytest.mark.parametrize(
    ("authority", "host"), [("a:80", "a"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("::1", "::1"), ("a", "a")]
)
def test_a_host_loses_its_port(authority: str, host: str) -> None:
    assert without_port(authority) == host


@pytest.mark.parametrize("url", ["ftp://a/", "http://", "http://a:99999/"])
def test_what_is_no_url_is_said(url: str) -> None:
    with pytest.raises(NotARequest):
        read("GET", url)


def test_what_is_no_header_is_said() -> None:
    with pytest.raises(NotARequest, match="x-user: 7"):
        read("GET", "http://a/", ["nonsense"])
