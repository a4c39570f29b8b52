import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xds_server.files import json_text, yaml_text
from xds_server.files.text import content, parts
from xds_server.files.yaml_text import Document, TextError


def value(text: str) -> object:
    (document,) = yaml_text.documents(text.encode())
    return document.value


def refusal(text: bytes) -> TextError:
    with pytest.raises(TextError) as caught:
        list(yaml_text.documents(text))
    return caught.value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", True),
        ("off", False),
        ("n", False),
        ("'yes'", "yes"),
        ("~", None),
        ("", None),
        ("010", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("1_000", 1000),
        ("-7", -7),
        ("08", 8),
        ("1e3", 1000),
        ("1.5", 1.5),
        ("1:30", "1:30"),
        ("1.2.3.4", "1.2.3.4"),
        ("-x", "-x"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("2024-01-01", "2024-01-01"),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("!!binary aGk=", "hi"),
        ("!Ref x", "x"),
        ("!!python/object/apply:os.system [ls]", ["ls"]),
        ("<<", "<<"),
        ("18446744073709551616", 18446744073709551616.0),
    ],
)
def test_plain_scalars_read_as_kubectl_reads_them(written: str, read: object) -> None:
    assert value(f"a: {written}") == {"a": read}


def test_keys_are_strings() -> None:
    assert value("1: a\nyes: b\n1.5: c") == {"1": "a", "true": "b", "1.5": "c"}


def test_merge_keys_add_what_the_mapping_lacks() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  <<: [*x, *y]\n  a: 0\n"
    assert value(text)["z"] == {"a": 0, "b": 1, "c": 2}  # type: ignore[index]


def test_an_alias_is_a_copy() -> None:
    read = value("a: &a {b: []}\nc: *a")
    read["a"]["b"].append(1)  # type: ignore[index]
    assert read == {"a": {"b": [1]}, "c": {"b": []}}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b"a: 1\nb: 2\na: 3\n", 2, "the key 'a' is there twice"),
        (b"a:\n- b\n- [\n\n", 2, "did not find expected node content"),
        (b"a: 1\nb: \x00\n", 1, "control characters"),
        (b"a: 1\nb: \xff\n", 1, "invalid leading UTF-8 octet"),
        (b"a: 1\nb: .inf\n", 1, "no place in JSON"),
        (b"a: &a\n- *a\n", 1, "no anchor a"),
        (b"a: 1\n? [b]\n: c\n", 1, "a key must be a scalar"),
        (b"a: 1\nb:\n\t- c\n", 2, "cannot start any token"),
        (b"<<: 1\n", 1, "only a mapping can be merged"),
        (b"a: !!int x\n", 0, "no !!int"),
        (b"[" * 100_000, 0, "deeper than 200"),
        (b"- " * 100_000, 0, "deeper than 200"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: bytes, line: int, words: str) -> None:
    error = refusal(text)
    assert words in error.message
    assert error.line == line


def test_aliases_cannot_explode() -> None:
    """Nine levels of nine aliases stand for 387 million values; they are refused at the hundred thousandth."""
    levels = ["a0: &a0 [x,x,x,x,x,x,x,x,x]", *(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9))]
    assert "aliases stand for too much" in refusal("\n".join(levels).encode()).message


def test_aliases_cannot_nest_without_end() -> None:
    chain = ["- &a0 [x]", *(f"- &a{n} [*a{n - 1}]" for n in range(1, 5000))]
    assert "aliases stand for too much" in refusal("\n".join(chain).encode()).message


def test_documents_know_their_lines() -> None:
    text = b"# first\n---\n\na: 1\n---\n# nothing\n---\nb: 2\n...\n"
    assert list(yaml_text.documents(text)) == [Document(3, {"a": 1}), Document(6, None), Document(7, {"b": 2})]


def test_a_separator_splits_a_text_into_parts_that_say_the_same() -> None:
    text = b"a: |\n  --- not here\n---\nb: 1\n--- # here\nc: 1\n"
    assert [(part.start, part.text) for part in parts(text)] == [
        (0, b"a: |\n  --- not here\n"),
        (2, b"---\nb: 1\n"),
        (4, b"--- # here\nc: 1\n"),
    ]


def test_a_text_with_directives_stays_whole() -> None:
    text = b"%YAML 1.1\n---\na: 1\n---\nb: 1\n"
    (part,) = parts(text)
    assert [document.value for document in content(part.text, False).documents] == [{"a": 1}, {"b": 1}]


def test_json_values_may_follow_each_other() -> None:
    read = content(b'{"a": 1}\n\n{"b": [true, null]} {"c": "\\ud83d\\ude00"}', True)
    assert read.error is None
    assert read.documents == [(0, {"a": 1}), (2, {"b": [True, None]}), (2, {"c": "😀"})]


def test_a_flow_mapping_is_not_taken_for_broken_json() -> None:
    assert content(b"{a: 1}", False).documents == [(0, {"a": 1})]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (b'{"a": 1,\n "a": 2}', 0, "'a' is there twice"),
        (b'{\n"a": }', 1, "Expecting value"),
        (b'{"a": NaN}', 0, "NaN has no place"),
        (b'{"a": 1e999}', 0, "too large"),
        (b'{"a":\n "\xff"}', 1, "not text"),
        (b'{"a": "\\ud800"}', 0, "surrogate"),
        (b"[" * 100_000, 0, "nested too deep"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: bytes, line: int, words: str) -> None:
    error = content(text, True).error
    assert error is not None
    assert words in error.message
    assert error.line == line


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_written_is_read_again(tree: object) -> None:
    """PyYAML writes every scalar quoted and tagged, in block style; what comes back is what went out."""
    (document,) = yaml_text.documents(yaml.safe_dump(tree, default_style='"', allow_unicode=True).encode())
    assert document.value == tree


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(text: bytes) -> None:
    for part in parts(text):
        content(part.text, json=False)
        content(part.text, json=True)


@given(st.text(alphabet="ab:-[]{}&*<!|>%#'\"\n ?,.~1", max_size=80))
def test_near_yaml_is_read_or_refused(text: str) -> None:
    for part in parts(text.encode()):
        content(part.text, False)


@given(JSON)
def test_json_reads_as_json(tree: object) -> None:
    (document,) = json_text.documents(json.dumps(tree).encode())
    assert document.value == tree
