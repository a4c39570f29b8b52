"""What the echo backend answers, decided without a socket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xds_server.echo import Identity, rpc
from xds_server.echo.answer import Request, answer, asked_headers, seconds

CART = Identity(pod="cart-1", namespace="shop", service="cart")


def get(target: str, **headers: str) -> Request:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Request(method="GET", target=target, host="shop.example.com", proto="HTTP/1.1", headers=pairs)


def test_the_answer_describes_the_request_as_it_arrived() -> None:
    """Path undecoded, headers in Go's spelling without Host, and who answered."""
    given = answer(get("/a%20b?x=1", host="shop.example.com", x_team="blue"), CART)
    assert given.status == 200
    assert json.loads(given.body) == {
        "path": "/a%20b?x=1",
        "host": "shop.example.com",
        "method": "GET",
        "proto": "HTTP/1.1",
        "headers": {"X-Team": ["blue"]},
        "namespace": "shop",
        "service": "cart",
        "pod": "cart-1",
    }


@pytest.mark.parametrize(("target", "status"), [("/status/503", 503), ("/status/204", 204), ("/status/teapot", 400)])
def test_the_path_chooses_the_status(target: str, status: int) -> None:
    """`/status/NNN` answers NNN, and 400 where that is no status."""
    assert answer(get(target), CART).status == status


def test_a_response_that_may_have_no_body_has_none() -> None:
    """204 and 304 come without content (RFC 9110, 6.4.1)."""
    assert answer(get("/status/304"), CART).body == b""


@pytest.mark.parametrize("request_", [get("/slow?delay=1m0.5s"), get("/slow", x_echo_delay="1m500ms")])
def test_a_request_asks_for_a_delay(request_: Request) -> None:
    """A query parameter or a header delays the answer."""
    assert answer(request_, CART).delay == 60.5


def test_a_delay_that_is_no_duration_is_refused() -> None:
    """The client is told what a duration looks like."""
    assert answer(get("/slow?delay=2"), CART).status == 400


@pytest.mark.parametrize(("earlier", "status", "delay"), [(0, 502, 0), (1, 502, 0.1), (2, 200, 0.1)])
def test_equal_requests_fail_until_one_succeeds(earlier: int, status: int, delay: float) -> None:
    """The first `succeedAfter` of equal requests get `responseCode`; each after the first waits for `delayRetry`."""
    given = answer(get("/r?responseCode=502&succeedAfter=2&delayRetry=100ms"), CART, earlier=earlier)
    assert (given.status, given.delay) == (status, delay)


def test_headers_asked_for_twice_become_one() -> None:
    """X-Echo-Set-Header lists headers of the response."""
    assert asked_headers("X-Add:one, X-Other: two ,X-Add:three") == (("x-add", "one,three"), ("x-other", "two"))


@given(st.integers(0, 10**6))
def test_milliseconds_are_read_back(number: int) -> None:
    """A Go duration in milliseconds is that many thousandths of a second."""
    assert seconds(f"{number}ms") == pytest.approx(number / 1000)


@given(st.lists(st.binary(max_size=40)))
def test_frames_split_into_the_messages_they_hold(messages: list[bytes]) -> None:
    """gRPC frames are prefixed with their length."""
    assert rpc.unframe(b"".join(map(rpc.frame, messages))) == tuple(messages)


@pytest.mark.parametrize("body", [b"\0", b"\0\0\0\0\2a", rpc.frame(b"a") + b"\0\0", b"\1\0\0\0\1a"])
def test_a_frame_cut_short_or_compressed_is_refused(body: bytes) -> None:
    """A unary call with such a body ends with INVALID_ARGUMENT."""
    call = Request(method="POST", target=rpc.UNARY[0], host="h", proto="HTTP/2.0")
    assert rpc.reply(call, body, CART).status == 3


def test_the_answer_is_a_conformance_echo_response() -> None:
    """EchoResponse, Assertions and Context as grpcecho.proto numbers them."""
    call = Request(method="POST", target=rpc.UNARY[0], host="h", proto="HTTP/2.0", headers=(("te", "trailers"),))
    assertions = (
        b"\x0a\x3a" + rpc.UNARY[0].encode() + b"\x12\x0e\x0a\x02te\x12\x08trailers" + b"\x1a\x01h"
        b"\x22\x14\x0a\x04shop\x1a\x04cart\x22\x06cart-1"
    )
    assert rpc.echo_response(call, b"", CART) == bytes((0x0A, len(assertions))) + assertions + b"\x12\x00"
