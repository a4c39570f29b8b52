"""Who leads, and until when; clocks of two replicas are never compared."""

import msgspec

from xds_server.kube.election import Election, Lease, LeaseMetadata, LeaseSpec, Term

TERM = Term(good_for=15, renew_within=10.0, retry=2.0)


def lease(holder: str, renewed: str = "12:00:00", seconds: int = 15, transitions: int = 0) -> Lease:
    spec = LeaseSpec(holder, seconds, "11:00:00", renewed, transitions)
    return Lease(LeaseMetadata("gatehouse", "gatehouse-system", "1"), spec)


def election() -> Election:
    return Election("a", TERM)


def test_a_lease_that_does_not_exist_is_taken() -> None:
    one = election()
    one.observe(None, 0.0)
    assert one.may_take(0.0)
    assert one.claim("12:00:00") == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "acquireTime": "12:00:00",
        "renewTime": "12:00:00",
        "leaseTransitions": 0,
    }


def test_anothers_lease_has_expired_when_it_did_not_change_for_as_long_as_it_is_good_for() -> None:
    """Whatever time the other wrote into it, and however long ago that was."""
    one = election()
    one.observe(lease("b", "00:00:01"), 100.0)
    assert not one.may_take(100.0)
    one.observe(lease("b", "00:00:01"), 114.0)
    assert not one.may_take(114.9)
    assert one.may_take(115.0)


def test_a_renewal_begins_the_wait_anew() -> None:
    one = election()
    one.observe(lease("b", "12:00:00"), 100.0)
    one.observe(lease("b", "12:00:02"), 110.0)
    assert not one.may_take(124.9)
    assert one.may_take(125.0)


def test_a_lease_that_was_given_up_is_taken_at_once() -> None:
    one = election()
    one.observe(lease(""), 100.0)
    assert one.may_take(100.0)


def test_a_replica_that_comes_back_takes_its_own_lease() -> None:
    one = election()
    one.observe(lease("a"), 100.0)
    assert one.may_take(100.0)
    assert one.leads_until() == 0.0


def test_a_leader_counts_itself_out_before_others_may() -> None:
    """Its lease counts from when it asked, theirs from when they saw: later."""
    one, other = election(), Election("b", TERM)
    one.won(lease("a"), asked_at=100.0, now=103.0)
    other.observe(lease("a"), 100.5)
    assert one.leads_until() == 110.0
    assert not other.may_take(115.4)


def test_taking_over_counts_a_transition_and_renewing_does_not() -> None:
    one = election()
    one.observe(lease("b", transitions=4), 0.0)
    taken = one.claim("13:00:00")
    assert (taken["acquireTime"], taken["leaseTransitions"]) == ("13:00:00", 5)
    one.won(Lease(LeaseMetadata("gatehouse", "x", "2"), msgspec.convert(taken, LeaseSpec)), 0.0, 0.0)
    renewed = one.claim("13:00:02")
    assert (renewed["acquireTime"], renewed["renewTime"], renewed["leaseTransitions"]) == ("13:00:00", "13:00:02", 5)


def test_a_leader_whose_lease_another_took_leads_no_more() -> None:
    one = election()
    one.won(lease("a"), 100.0, 100.0)
    one.observe(lease("b"), 101.0)
    assert one.leads_until() == 0.0


def test_a_lease_given_up_names_nobody() -> None:
    one = election()
    one.won(lease("a", transitions=3), 0.0, 0.0)
    assert one.release("14:00:00") == {
        "holderIdentity": "",
        "leaseDurationSeconds": 1,
        "acquireTime": "14:00:00",
        "renewTime": "14:00:00",
        "leaseTransitions": 3,
    }
