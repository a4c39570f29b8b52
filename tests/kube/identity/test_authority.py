"""The life of the own authority, by a clock that the test sets."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import DNSName
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from xds_server.kube.identity.authority import (
    Pair,
    Unreadable,
    advanced,
    checked,
    due,
    found,
    issued,
    read,
    written,
)

NAME = "gatehouse.gatehouse-system.svc"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def trusts(bundle: str, served: Pair, at: datetime, name: str = NAME) -> bool:
    store = Store(x509.load_pem_x509_certificates(bundle.encode()))
    verifier = PolicyBuilder().store(store).time(at).build_server_verifier(DNSName(name))
    try:
        verifier.verify(x509.load_pem_x509_certificate(served.certificate.encode()), [])
    except VerificationError:
        return False
    return True


def test_who_trusts_the_bundle_trusts_the_certificate_by_its_name_alone() -> None:
    authority = found(NOW)
    served = issued(authority, [NAME, "gatehouse"], NOW)
    assert trusts(authority.bundle, served, NOW)
    assert not trusts(authority.bundle, served, NOW, "gatehouse.elsewhere.svc")
    assert not trusts(found(NOW).bundle, served, NOW)


def test_clocks_may_be_apart() -> None:
    authority = found(NOW)
    assert trusts(authority.bundle, issued(authority, [NAME], NOW), NOW - timedelta(minutes=30))


def test_a_certificate_lasts_thirty_days_and_is_due_after_twenty() -> None:
    served = issued(found(NOW), [NAME], NOW)
    assert not due(served.certificate, NOW + 19 * DAY)
    assert due(served.certificate, NOW + 21 * DAY)
    assert not trusts(found(NOW).bundle, served, NOW + 31 * DAY)


def test_an_authority_stays_as_it_is_for_two_thirds_of_a_year() -> None:
    authority = found(NOW)
    assert advanced(authority, NOW + 240 * DAY) == authority


def test_a_new_authority_is_trusted_for_a_day_before_it_signs() -> None:
    old = found(NOW)
    begins = NOW + 245 * DAY
    coming = advanced(old, begins)
    assert coming.current == old.current
    assert coming.bundle.startswith(old.bundle)
    assert coming.bundle.count("BEGIN") == 2
    assert advanced(coming, begins + timedelta(hours=23)) == coming
    after = advanced(coming, begins + DAY)
    assert after.current == coming.coming
    assert after.coming is None


def test_whoever_is_a_step_behind_trusts_and_is_trusted() -> None:
    """An Envoy with the bundle of one step knows the certificate of the next, and of the one before."""
    clock = NOW
    before = found(clock)
    steps = 0
    while clock < NOW + 4 * 365 * DAY:
        clock += timedelta(hours=20)
        after = advanced(before, clock)
        steps += after != before
        assert trusts(before.bundle, issued(after, [NAME], clock), clock)
        assert trusts(after.bundle, issued(before, [NAME], clock), clock)
        before = after
    assert steps >= 10


def test_an_old_authority_is_trusted_until_it_expires() -> None:
    authority = advanced(advanced(found(NOW), NOW + 245 * DAY), NOW + 247 * DAY)
    assert len(authority.former) == 1
    assert len(advanced(authority, NOW + 364 * DAY).former) == 1
    assert advanced(authority, NOW + 366 * DAY).former == ()


def test_an_authority_that_expired_while_nobody_looked_is_replaced_at_once() -> None:
    old = found(NOW)
    after = advanced(old, NOW + 400 * DAY)
    assert after.current != old.current
    assert old.current.certificate not in after.bundle
    assert trusts(after.bundle, issued(after, [NAME], NOW + 400 * DAY), NOW + 400 * DAY)


def test_a_certificate_does_not_outlive_its_authority() -> None:
    served = issued(found(NOW), [NAME], NOW + 355 * DAY)
    ends = x509.load_pem_x509_certificate(served.certificate.encode()).not_valid_after_utc
    assert ends == NOW + 365 * DAY


@pytest.mark.parametrize("days", [0, 245, 247])
def test_a_secret_gives_back_what_was_put_in(days: int) -> None:
    authority = found(NOW)
    for day in (245, 247):
        if days >= day:
            authority = advanced(authority, NOW + day * DAY)
    assert read(written(authority)) == authority


def test_a_bundle_holds_no_key() -> None:
    authority = advanced(found(NOW), NOW + 245 * DAY)
    assert "KEY" not in authority.bundle
    assert "KEY" not in repr(authority)


@pytest.mark.parametrize("change", [{"tls.key": ""}, {"tls.crt": "eA=="}, {"tls.key": "?"}, {"former.crt": "eA=="}])
def test_a_secret_that_somebody_has_spoilt_is_told_apart(change: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        read({**written(found(NOW)), **change})
    with pytest.raises(Unreadable):
        read({})


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(Unreadable, match="not that of the certificate"):
        checked(Pair(found(NOW).current.certificate, found(NOW).current.key))
