"""HTTP/3: who asks for it, who is served without, and at which ports a Gateway is then reached."""

from typing import Any

import pytest

from tests.attach.resolving import resolve
from tests.builders import gateway, https, listener, listener_set
from translator.attach.certificates import Certificate
from translator.attach.http3 import hindrance
from translator.attach.infrastructure import ports
from translator.attach.listeners import ListenerReport
from translator.ir import Refusal
from translator.value import Key

EDGE, EXTRA = Key("shop", "edge"), Key("shop", "extra")
GOOD = Certificate(not_after=2_000_000_000)


def asking(value: str, protocol: str = "HTTPS", **options: str) -> dict[str, Any]:
    document = https("web", "tls", hostname="shop.example.com")
    tls = {**document["tls"], "options": {"gatehouse.dev/http3": value, **options}}
    return {**document, "protocol": protocol, "tls": tls}


def reported(*listeners: dict[str, Any], **spec: Any) -> ListenerReport:
    found = resolve([gateway(*listeners, **spec)], checked={Key("shop", "tls"): GOOD}).gateways[EDGE]
    return found.reports[0]


def is_served(report: ListenerReport) -> bool:
    assert report.listener is not None
    assert report.listener.serves
    return report.listener.http3


def _conflict(report: ListenerReport) -> str:
    return "" if report.conflict is None else report.conflict.reason


@pytest.mark.parametrize(("value", "served"), [("true", True), ("false", False)])
def test_an_https_listener_asks_for_it_by_an_option(value: str, served: bool) -> None:
    report = reported(asking(value))
    assert (is_served(report), report.refusals, report.note) == (served, (), "")


def test_without_the_option_it_is_not_served() -> None:
    assert not is_served(reported(https("web", "tls")))


@pytest.mark.parametrize("value", ["yes", "True", "1"])
def test_other_values_are_refused(value: str) -> None:
    message = f'tls.options gatehouse.dev/http3 is {value!r}; use "true" or "false"'
    assert reported(asking(value)).refusals == (Refusal("UnsupportedValue", message),)


def test_other_options_are_refused_beside_it() -> None:
    report = reported(asking("true", **{"example.com/other": "1"}))
    assert report.refusals == (
        Refusal("UnsupportedValue", "tls.options example.com/other are not supported; remove them"),
    )


def test_it_is_for_https_alone() -> None:
    message = "tls.options gatehouse.dev/http3 is for HTTPS listeners; remove it"
    assert reported(asking("true", "TLS")).refusals == (Refusal("UnsupportedValue", message),)


def test_a_udp_listener_has_the_port_before() -> None:
    report = reported(asking("true"), listener("dns", 443, "UDP"))
    assert not is_served(report)
    assert report.note == "HTTP/3 is not served, for a UDP listener has port 443"


def test_a_udp_listener_of_another_object_has_the_port_only_if_it_comes_first() -> None:
    admits: dict[str, Any] = {"allowedListeners": {"namespaces": {"from": "All"}}}
    secret, dns = {Key("shop", "tls"): GOOD}, listener("dns", 443, "UDP")
    gateways_own = resolve([gateway(asking("true"), **admits)], [listener_set(dns)], checked=secret)
    assert is_served(gateways_own.gateways[EDGE].reports[0])
    assert _conflict(gateways_own.sets[EXTRA].reports[0]) == "ProtocolConflict"
    set_own = resolve([gateway(dns, **admits)], [listener_set(asking("true"))], checked=secret)
    assert not is_served(set_own.sets[EXTRA].reports[0])
    assert _conflict(set_own.gateways[EDGE].reports[0]) == ""


def test_who_must_show_a_certificate_is_not_let_in_without() -> None:
    (listener,) = gateway(asking("true")).spec.listeners
    told = hindrance(listener, validates=True, taken=False)
    assert told == "HTTP/3 is not served, for it cannot ask for client certificates"


def test_the_gateway_is_reached_by_udp_too() -> None:
    found = resolve([gateway(asking("true"))], checked={Key("shop", "tls"): GOOD}).gateways[EDGE]
    assert [port for (_, port), _, _ in ports(EDGE, found)] == [(443, "TCP"), (443, "UDP")]
