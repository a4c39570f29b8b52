"""Who may look: people of this machine, by its names, to read."""

from http import HTTPStatus

import pytest

from xds_server.page.guard import refusal

HERE = {"REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "127.0.0.1:18002", "PATH_INFO": "/api/world"}


def test_a_request_over_loopback_is_answered() -> None:
    assert refusal(HERE) is None


@pytest.mark.parametrize(
    "host", ["localhost:18002", "localhost", "[::1]:18002", "127.0.0.2:1", "gatehouse.localhost:80"]
)
def test_names_of_loopback_are_names_of_this_machine(host: str) -> None:
    assert refusal({**HERE, "HTTP_HOST": host}) is None


@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.example.com:18002", "10.0.0.1:18002", "", "localhost.evil"]
)
def test_another_name_is_refused_although_it_leads_here(host: str) -> None:
    """Of DNS rebinding: the browser takes the page of another name for that name's own."""
    assert refusal({**HERE, "HTTP_HOST": host}) is not None


@pytest.mark.parametrize("address", ["::1", "::ffff:127.0.0.1", "127.8.9.1"])
def test_loopback_has_several_addresses(address: str) -> None:
    """A listener of both families is told IPv4 addresses as IPv6 ones."""
    assert refusal({**HERE, "REMOTE_ADDR": address}) is None


@pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "2001:db8::1", ""])
def test_another_machine_is_refused(address: str) -> None:
    refused = refusal({**HERE, "REMOTE_ADDR": address})
    assert refused is not None
    assert refused.status == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_nothing_but_get_is_answered(method: str) -> None:
    refused = refusal({**HERE, "REQUEST_METHOD": method})
    assert refused is not None
    assert refused.status == HTTPStatus.METHOD_NOT_ALLOWED


def test_another_page_may_not_ask() -> None:
    """Neither one that says where it is from, nor one of which the browser says it, not even of this machine."""
    assert refusal({**HERE, "HTTP_ORIGIN": "http://127.0.0.1:18002"}) is None
    for header, value in (
        ("HTTP_ORIGIN", "https://evil.example.com"),
        ("HTTP_ORIGIN", "http://127.0.0.1:9999"),
        ("HTTP_ORIGIN", "null"),
        ("HTTP_SEC_FETCH_SITE", "cross-site"),
        ("HTTP_SEC_FETCH_SITE", "same-site"),
    ):
        assert refusal({**HERE, header: value}) is not None, value


def test_a_link_from_elsewhere_leads_to_the_page_and_to_no_answer() -> None:
    visit = {**HERE, "HTTP_SEC_FETCH_SITE": "cross-site", "HTTP_SEC_FETCH_MODE": "navigate"}
    assert refusal({**visit, "PATH_INFO": "/"}) is None
    assert refusal(visit) is not None
