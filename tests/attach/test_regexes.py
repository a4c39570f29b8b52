import re2
from hypothesis import given
from hypothesis import strategies as st

from translator.attach import regexes


def test_a_pattern_in_re2_syntax_is_taken() -> None:
    assert regexes.fault(r"/items/[0-9]+(/reviews)?") is None


def test_what_re2_does_not_know_is_refused_with_its_words() -> None:
    assert regexes.fault("(") == "is not in RE2 syntax: missing ): ("
    assert regexes.fault("a(?=b)") == "is not in RE2 syntax: invalid perl operator: (?="


def test_an_empty_pattern_is_refused() -> None:
    assert regexes.fault("") == "is empty"


def test_a_program_of_the_largest_size_is_taken_and_the_next_refused() -> None:
    overhead = re2.compile("a").programsize - 1
    largest = regexes.MAX_PROGRAM_SIZE - overhead
    assert regexes.fault("a" * largest) is None
    assert regexes.fault("a" * (largest + 1)) == (
        f"is too large: RE2 needs {regexes.MAX_PROGRAM_SIZE + 1} instructions for it and 5000 are admitted"
    )


def test_a_small_pattern_may_have_a_large_program() -> None:
    assert "is too large" in (regexes.fault(".{1000}") or "")
    assert regexes.fault(r"[\p{L}]{500}") is not None


def test_lone_surrogates_are_refused() -> None:
    assert regexes.fault("a\ud800") == "is not valid Unicode"


@given(st.text())
def test_any_text_gets_an_answer(pattern: str) -> None:
    fault = regexes.fault(pattern)
    assert fault is None or fault


@given(st.text(min_size=1, max_size=100), st.text(max_size=100))
def test_a_literal_matches_itself_alone(text: str, other: str) -> None:
    pattern = re2.compile(regexes.literal(text))
    assert pattern.fullmatch(text)
    assert bool(pattern.fullmatch(other)) == (other == text)
