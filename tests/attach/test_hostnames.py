from hypothesis import given
from hypothesis import strategies as st

from translator.attach import hostnames

LABELS = ("a", "b", "ab")
exact = st.lists(st.sampled_from(LABELS), min_size=1, max_size=3).map(".".join)
hostname = st.one_of(st.just("*"), exact, exact.map("*.{}".format))

WORLD = [""]
for _ in range(4):
    WORLD += [f"{label}.{rest}".rstrip(".") for label in LABELS for rest in WORLD if rest.count(".") < 3]
WORLD = sorted(set(WORLD) - {""})


def hosts(pattern: str) -> set[str]:
    """The hosts of a small world that a hostname stands for, by the specification's words alone."""
    if pattern == "*":
        return set(WORLD)
    if pattern.startswith("*."):
        return {host for host in WORLD if host.endswith("." + pattern[2:])}
    return {host for host in WORLD if host == pattern}


def test_a_wildcard_is_a_suffix_match_of_whole_labels() -> None:
    assert hostnames.covers("*.example.com", "test.example.com")
    assert hostnames.covers("*.example.com", "foo.test.example.com")
    assert hostnames.covers("*.example.com", "*.test.example.com")
    assert not hostnames.covers("*.example.com", "example.com")
    assert not hostnames.covers("*.example.com", "testexample.com")
    assert not hostnames.covers("*.example.com", "test.example.net")


def test_hostnames_intersect_in_the_more_specific_one() -> None:
    assert hostnames.intersection("*.example.com", "test.example.com") == "test.example.com"
    assert hostnames.intersection("test.example.com", "*.example.com") == "test.example.com"
    assert hostnames.intersection("*", "*.example.com") == "*.example.com"
    assert hostnames.intersection("*.example.com", "*.example.net") is None
    assert hostnames.intersection("example.com", "*.example.com") is None


def test_hostnames_compare_in_lower_case() -> None:
    assert hostnames.normal("Shop.Example.COM") == "shop.example.com"
    assert hostnames.normal(None) == "*"
    assert hostnames.normal("") == "*"


def test_the_most_specific_hostname_has_the_most_labels_and_exact_goes_first() -> None:
    listeners = ["*", "*.example.com", "*.foo.example.com", "a.foo.example.com"]
    assert hostnames.most_specific(listeners, "a.foo.example.com") == "a.foo.example.com"
    assert hostnames.most_specific(listeners, "b.foo.example.com") == "*.foo.example.com"
    assert hostnames.most_specific(listeners, "*.bar.example.com") == "*.example.com"
    assert hostnames.most_specific(listeners, "example.com") == "*"
    assert hostnames.most_specific(["*.example.com"], "example.com") is None


def test_precise_hostnames_have_no_wildcard_and_no_empty_label() -> None:
    assert hostnames.precise("Shop-1.example.com")
    assert not any(map(hostnames.precise, ("*.example.com", "a..b", "-a.b", "a b", "a\n", "", "a" * 254)))


@given(hostname, hostname)
def test_covering_is_being_a_superset(one: str, other: str) -> None:
    assert hostnames.covers(one, other) == (hosts(one) >= hosts(other))


@given(hostname, hostname)
def test_the_intersection_stands_for_the_hosts_of_both(one: str, other: str) -> None:
    both = hostnames.intersection(one, other)
    assert (set() if both is None else hosts(both)) == hosts(one) & hosts(other)
    assert both == hostnames.intersection(other, one)


@given(st.lists(hostname), hostname)
def test_the_most_specific_is_covered_by_all_that_cover_the_domain(candidates: list[str], domain: str) -> None:
    best = hostnames.most_specific(candidates, domain)
    covering = [it for it in candidates if hosts(it) >= hosts(domain)]
    assert (best is None) == (not covering)
    assert best is None or all(hosts(it) >= hosts(best) for it in covering)


@given(hostname, hostname)
def test_the_wildcards_above_are_all_that_cover_it(one: str, other: str) -> None:
    above = list(hostnames.wildcards_above(one))
    assert (other in above) == (other.startswith("*") and other != one and hosts(other) >= hosts(one))
