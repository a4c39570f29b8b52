import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.attach.durations import milliseconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0h", 0),
        ("0s", 0),
        ("0h0m0s", 0),
        ("1h", 3_600_000),
        ("500ms", 500),
        ("2h30m", 9_000_000),
        ("7230s", 7_230_000),
        ("10s30m1h", 5_410_000),
        ("100ms200ms300ms", 600),
        ("00060m", 3_600_000),
        ("1h2h20m10m", 12_600_000),
    ],
)
def test_components_add_up(text: str, expected: int) -> None:
    assert milliseconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "1", "1m1", "1d", "1h30m10s20ms50h", "999999h", "1.5h", "-15m", "1 h", "1h\n", "1us", "१s"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert milliseconds(text) is None


@given(st.lists(st.tuples(st.integers(0, 99999), st.sampled_from(["h", "m", "s", "ms"])), min_size=1, max_size=4))
def test_the_order_of_components_does_not_matter(components: list[tuple[int, str]]) -> None:
    unit = {"h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
    expected = sum(value * unit[name] for value, name in components)
    for written in (components, components[::-1]):
        assert milliseconds("".join(f"{value}{name}" for value, name in written)) == expected
