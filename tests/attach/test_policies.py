"""BackendTLSPolicies: which holds for which port, what it asks of backends, and what it is told."""

from typing import Any

from tests.builders import backend_tls_policy, meta, service
from translator import ir
from translator.api.core import Service
from translator.api.policies import BackendTLSPolicy
from translator.attach.authorities import Bundle
from translator.attach.policies import Applied, Claims, Judged, by_service, effective, judge, of_policy, settle
from translator.ir import Refusal
from translator.status import PolicyStatus
from translator.value import Key, Ref

CART = Key("shop", "cart")
EDGE = Key("infra", "edge")
CA, MORE = Ref("ConfigMap", "shop", "ca"), Ref("ConfigMap", "shop", "more")
BUNDLES: dict[Ref, Bundle | Refusal] = {
    CA: Bundle(b"pem"),
    MORE: Refusal("InvalidCACertificateRef", "ConfigMap shop/more does not exist"),
}
OLD, NEW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"


def key(policy: BackendTLSPolicy) -> Key:
    return policy.metadata.key


def named(*names: str) -> tuple[dict[str, str], ...]:
    return tuple({"group": "", "kind": "ConfigMap", "name": name} for name in names)


def created(name: str, when: str, *targets: str, **rest: Any) -> BackendTLSPolicy:
    return backend_tls_policy(*targets, metadata=meta(name, creationTimestamp=when), **rest)


def judged(*policies: BackendTLSPolicy) -> dict[Key, Judged]:
    return {key(it): judge(key(it), it, BUNDLES) for it in policies}


def claims(*policies: BackendTLSPolicy) -> Claims:
    """Claims on the Service cart, as a group has them."""
    return tuple(
        sorted(
            (order, section) for it in policies for place, order, section in by_service(key(it), it) if place == CART
        )
    )


def in_force(port: str, *policies: BackendTLSPolicy) -> Key | None:
    found = effective(port, settle(CART, claims(*policies), judged(*policies)))
    return None if found is None else found.policy


# ---- which one holds ------------------------------------------------------------------------------------------------


def test_a_policy_holds_for_all_ports_of_its_service() -> None:
    assert in_force("http", backend_tls_policy("cart")) == Key("shop", "verify")
    assert in_force("http", backend_tls_policy("other")) is None


def test_a_policy_with_a_section_holds_for_that_port_alone() -> None:
    policy = backend_tls_policy("cart/https")
    assert in_force("https", policy) == Key("shop", "verify")
    assert in_force("admin", policy) is None


def test_the_section_goes_before_the_whole_however_old_that_is() -> None:
    whole, section = created("whole", OLD, "cart"), created("section", NEW, "cart/https")
    assert in_force("https", whole, section) == Key("shop", "section")
    assert in_force("admin", whole, section) == Key("shop", "whole")


def test_of_two_for_the_same_the_older_holds() -> None:
    assert in_force("", created("a", NEW, "cart"), created("b", OLD, "cart")) == Key("shop", "b")


def test_of_two_of_an_age_the_first_by_name_holds() -> None:
    assert in_force("", created("b", OLD, "cart"), created("a", OLD, "cart")) == Key("shop", "a")


def test_a_policy_that_cannot_be_followed_is_not_passed_over() -> None:
    """The older one holds and lets nothing through: a younger one does not step in."""
    broken = created("broken", OLD, "cart", authorities=named("more"))
    [applied] = settle(CART, claims(broken, created("good", NEW, "cart")), judged(broken, created("good", NEW, "cart")))
    assert applied == Applied(
        "",
        Key("shop", "broken"),
        Refusal(
            "InvalidBackendTLS",
            "BackendTLSPolicy shop/broken cannot be followed, and nothing is sent without it: "
            "ConfigMap shop/more does not exist",
        ),
    )


# ---- what it asks for -----------------------------------------------------------------------------------------------


def asked(**fields: Any) -> Judged:
    return judge(Key("shop", "verify"), backend_tls_policy("cart", **fields), BUNDLES)


def test_the_hostname_is_asked_for_and_verified() -> None:
    assert asked() == Judged(ir.Verification("cart.example.com", (("DNS", "cart.example.com"),), (CA,)))


def test_subject_alternative_names_take_the_place_of_the_hostname() -> None:
    names = [
        {"type": "Hostname", "hostname": "Inner.example.com"},
        {"type": "URI", "uri": "spiffe://example.com/ns/shop/sa/Cart"},
    ]
    found = asked(subjectAltNames=names).verification
    assert found == ir.Verification(
        "cart.example.com", (("DNS", "inner.example.com"), ("URI", "spiffe://example.com/ns/shop/sa/Cart")), (CA,)
    )


def test_the_systems_authorities_can_be_trusted() -> None:
    found = asked(authorities=(), wellKnownCACertificates="System").verification
    assert found is not None
    assert found.authorities == (ir.SYSTEM_AUTHORITIES,)


def test_others_that_are_well_known_are_not_known_here() -> None:
    found = asked(authorities=(), wellKnownCACertificates="example.com/ours")
    refusal = Refusal("Invalid", "wellKnownCACertificates example.com/ours is not known; use System")
    assert found == Judged(None, refusal)


def test_of_several_references_the_good_ones_count() -> None:
    found = asked(authorities=named("ca", "more"))
    assert found.verification is not None
    assert found.verification.authorities == (CA,)
    assert found.refusal is None
    assert found.unresolved == (BUNDLES[MORE],)


def test_without_one_good_reference_a_policy_cannot_be_followed() -> None:
    refusal = Refusal("NoValidCACertificate", "ConfigMap shop/more does not exist")
    assert asked(authorities=named("more")) == Judged(None, refusal, (BUNDLES[MORE],))


def test_a_reference_to_an_unknown_kind_is_told_apart() -> None:
    found = asked(authorities=({"group": "example.com", "kind": "Vault", "name": "ca"},))
    words = "caCertificateRef ca is of kind Vault.example.com; name a ConfigMap, a Secret or a ClusterTrustBundle"
    assert found == Judged(None, Refusal("NoValidCACertificate", words), (Refusal("InvalidKind", words),))


def test_options_that_may_be_meant_for_us_are_refused_and_those_of_others_noted() -> None:
    refusal = Refusal("Invalid", "options gatehouse.dev/min, minVersion are not known; remove them")
    assert asked(options={"minVersion": "1.3", "gatehouse.dev/min": "1.3"}).refusal == refusal
    found = asked(options={"example.com/min": "1.3"})
    assert (found.refusal, found.note) == (None, "options example.com/min have no effect")


# ---- what it is told ------------------------------------------------------------------------------------------------


def told(
    policy: BackendTLSPolicy,
    *others: BackendTLSPolicy,
    services: tuple[Service, ...] = (service("cart"),),
    gateways: tuple[Key, ...] = (EDGE,),
) -> PolicyStatus | None:
    return of_policy(
        key(policy),
        policy,
        judged(policy),
        {CART: claims(policy, *others)},
        {it.metadata.key: it for it in services},
        {CART: gateways},
    )


def conditions(status: PolicyStatus | None) -> dict[str, tuple[bool | None, str, str]]:
    assert status is not None
    return {it.type: (it.status, it.reason, it.message) for it in status.ancestors[0].conditions}


def test_a_policy_is_told_for_each_gateway_that_uses_its_service() -> None:
    found = told(
        backend_tls_policy("cart", metadata=meta("verify", generation=3)), gateways=(EDGE, Key("shop", "edge"))
    )
    assert found is not None
    ancestors = [(it.parent_ref.kind, it.parent_ref.namespace, it.parent_ref.name) for it in found.ancestors]
    assert ancestors == [("Gateway", "infra", "edge"), ("Gateway", "shop", "edge")]
    assert {it.observed_generation for ancestor in found.ancestors for it in ancestor.conditions} == {3}
    assert conditions(found) == {
        "Accepted": (True, "Accepted", "the policy is in force"),
        "ResolvedRefs": (True, "ResolvedRefs", "all references resolve"),
    }


def test_a_policy_that_nobody_uses_is_told_nothing() -> None:
    assert told(backend_tls_policy("cart"), gateways=()) is None


def test_no_more_ancestors_are_told_than_a_status_holds() -> None:
    found = told(backend_tls_policy("cart"), gateways=tuple(Key("infra", f"edge-{n:02}") for n in range(20)))
    assert found is not None
    assert len(found.ancestors) == 16


def test_the_younger_of_two_is_conflicted() -> None:
    old, new = created("old", OLD, "cart"), created("new", NEW, "cart")
    assert conditions(told(old, new))["Accepted"][:2] == (True, "Accepted")
    assert conditions(told(new, old))["Accepted"] == (
        False,
        "Conflicted",
        "Service shop/cart has BackendTLSPolicy shop/old already, which is older or comes first by name",
    )


def test_a_section_and_the_whole_are_no_conflict() -> None:
    old, new = created("old", OLD, "cart"), created("new", NEW, "cart/https")
    ports = service("cart", ports=[{"name": "https", "port": 443}])
    assert conditions(told(new, old, services=(ports,)))["Accepted"][:2] == (True, "Accepted")


def test_a_policy_without_a_good_authority_is_told_so_twice() -> None:
    words = "ConfigMap shop/more does not exist"
    assert conditions(told(backend_tls_policy("cart", authorities=named("more")))) == {
        "Accepted": (False, "NoValidCACertificate", words),
        "ResolvedRefs": (False, "InvalidCACertificateRef", words),
    }


def test_a_policy_with_some_good_authorities_is_in_force() -> None:
    found = conditions(told(backend_tls_policy("cart", authorities=named("more", "ca"))))
    assert found["Accepted"][:2] == (True, "Accepted")
    assert found["ResolvedRefs"][:2] == (False, "InvalidCACertificateRef")


def test_a_missing_target_does_not_hide_that_no_authority_is_good() -> None:
    """Without any valid CA the Reason MUST be NoValidCACertificate, whatever else is wrong but a conflict."""
    found = conditions(told(backend_tls_policy("cart", authorities=named("more")), services=()))
    assert found["Accepted"] == (
        False,
        "NoValidCACertificate",
        "ConfigMap shop/more does not exist; Service shop/cart does not exist",
    )


def test_a_target_that_is_not_there_is_not_found() -> None:
    assert conditions(told(backend_tls_policy("cart"), services=()))["Accepted"] == (
        False,
        "TargetNotFound",
        "Service shop/cart does not exist",
    )
    assert conditions(told(backend_tls_policy("cart/https")))["Accepted"] == (
        False,
        "TargetNotFound",
        "Service shop/cart has no port named https",
    )
