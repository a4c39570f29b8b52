"""What a source makes of files at its first look."""

import io
import json
import os
from pathlib import Path

import pytest

from tests.files.written import bad_route, put, ref, route, routes, source, write
from translator.api import core
from translator.api.routes import HTTPRoute
from translator.value import Ref
from xds_server.files import Finding, Place, Put, Reason, Severity
from xds_server.schema import Channel

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: echo
"""


def test_folders_are_read_with_all_below_them(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", route("one"), route("two"))
    write(tmp_path / "deep" / "er" / "b.yml", route("three"))
    write(tmp_path / "c.txt", route("no"))
    write(tmp_path / ".hidden" / "d.yaml", route("no"))
    write(tmp_path / ".e.yaml", route("no"))
    assert set(put(source(tmp_path).read())) == {ref("one"), ref("two"), ref("three")}


def test_several_paths_are_one_world(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.yaml", route("one")), write(tmp_path / "two.txt", route("two"))
    assert set(put(source(one, two).read())) == {ref("one"), ref("two")}


def test_a_file_below_two_paths_counts_once(tmp_path: Path) -> None:
    file = write(tmp_path / "one.yaml", route("one"))
    batch = source(tmp_path, file).read()
    assert (len(routes(batch)), batch.findings) == (1, ())


def test_standard_input_is_read_once() -> None:
    stdin = io.BytesIO(route("one").encode())
    files = source("-", stdin=stdin)
    assert set(put(files.read())) == {ref("one")}
    assert files.read().changes == ()


def test_a_pipe_is_read_once() -> None:
    """What a shell's `<(kustomize build)` passes."""
    end, start = os.pipe()
    os.write(start, route("one").encode())
    os.close(start)
    files = source(f"/dev/fd/{end}")
    assert set(put(files.read())) == {ref("one")}
    assert files.read().changes == ()
    os.close(end)


def test_json_lists_are_read(tmp_path: Path) -> None:
    """What `kubectl get -o json` writes."""
    item = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "cart", "creationTimestamp": "2024-01-01T00:00:00Z", "generation": 7},
        "spec": {"ports": [{"port": 80}]},
    }
    file = write(tmp_path / "list.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [item]}))
    service = put(source(file).read())[ref("cart", "default", "Service")]
    assert isinstance(service, core.Service)
    assert service.metadata.creation_timestamp == "2024-01-01T00:00:00Z"
    assert service.metadata.generation == 7
    assert service.spec.ports[0].target_port == 80


def test_items_of_a_typed_list_need_no_kind(tmp_path: Path) -> None:
    text = """apiVersion: v1
kind: NamespaceList
items:
- metadata:
    name: one
- metadata:
    name: Two
"""
    file = write(tmp_path / "list.yaml", text)
    batch = source(file).read()
    assert Ref("Namespace", "", "one") in {change.ref for change in batch.changes}
    assert [(finding.line, finding.ref) for finding in batch.findings] == [(7, Ref("Namespace", "", "Two"))]


def test_a_namespaced_object_without_a_namespace_is_in_default(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one").replace("  namespace: team\n", ""))
    assert set(put(source(file).read())) == {ref("one", "default")}


def test_a_cluster_scoped_object_has_no_namespace(tmp_path: Path) -> None:
    text = """apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: envoy, namespace: team}
spec: {controllerName: gatehouse.dev/gateway-controller}
"""
    assert set(put(source(write(tmp_path / "a.yaml", text)).read())) == {Ref("GatewayClass", "", "envoy")}


def test_fields_are_defaulted_from_the_schema(tmp_path: Path) -> None:
    rules = "  rules:\n  - backendRefs:\n    - name: cart\n      port: 80\n"
    (value,) = put(source(write(tmp_path / "a.yaml", route("one", extra=rules))).read()).values()
    assert isinstance(value, HTTPRoute)
    assert value.spec.rules[0].matches[0].path is not None
    assert value.spec.rules[0].matches[0].path.value == "/"


def test_namespaces_that_nobody_wrote_exist(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", route("one", namespace="team"))
    write(tmp_path / "b.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: games\n  labels: {play: 'yes'}\n")
    values = [change.value for change in source(tmp_path).read().changes if isinstance(change, Put)]
    labels = {value.metadata.name: value.metadata.labels for value in values if isinstance(value, core.Namespace)}
    assert labels == {
        "default": {"kubernetes.io/metadata.name": "default"},
        "games": {"kubernetes.io/metadata.name": "games", "play": "yes"},
        "team": {"kubernetes.io/metadata.name": "team"},
    }


def test_the_same_object_twice_is_a_finding_and_the_first_counts(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", route("one", "a.example.com"))
    second = write(tmp_path / "b.yaml", route("two"), route("one", "b.example.com"))
    batch = source(tmp_path).read()
    assert put(batch)[ref("one")].spec.hostnames == ("a.example.com",)  # type: ignore[attr-defined]
    words = f"written before, at {first}:1, and that is what counts"
    assert batch.findings == (Finding(str(second), 12, ref("one"), Reason.DUPLICATE, words),)


def test_the_same_object_twice_in_the_same_words_is_a_warning(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", route("one"), route("one"))
    (finding,) = source(tmp_path).read().findings
    assert (finding.line, finding.reason, finding.severity) == (12, Reason.DUPLICATE, Severity.WARNING)


def test_other_documents_are_kept_for_those_who_want_them(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"), DEPLOYMENT)
    files = source(tmp_path)
    assert files.read().findings == ()
    (other,) = files.others
    assert (other.file, other.line, other.document["kind"]) == (str(file), 12, "Deployment")


@pytest.mark.parametrize(
    ("text", "line", "reason", "words"),
    [
        (bad_route("one"), 10, Reason.INVALID, "spec.hostnames[0]: Invalid value"),
        (route("one").replace("gateway\n", "gateway\n    sectionNome: x\n"), 9, Reason.UNKNOWN_FIELD, "sectionNome"),
        (route("one").replace("/v1", "/v9"), 1, Reason.NOT_SERVED, "not served"),
        (route("one").replace("HTTPRoute", "HTTPRout"), 2, Reason.NOT_SERVED, "no HTTPRout"),
        (route("one").replace("kind: HTTPRoute\n", ""), 1, Reason.NOT_AN_OBJECT, "kind: a non-empty string"),
        (route("one").replace("  name: one\n", ""), 3, Reason.INVALID, "metadata.name: Required"),
        (route("one") + "spec: {}\n", 11, Reason.MALFORMED, "'spec' is there twice"),
        ("- 1\n", 1, Reason.NOT_AN_OBJECT, "a mapping is expected"),
        ("a: 1\n", 1, Reason.NOT_AN_OBJECT, "apiVersion and kind are missing"),
        ("a: [\n", 1, Reason.MALFORMED, "not YAML"),
    ],
)
def test_what_a_kube_apiserver_would_refuse_is_reported(
    tmp_path: Path, text: str, line: int, reason: Reason, words: str
) -> None:
    file = write(tmp_path / "a.yaml", f"# first\n{text}")
    (finding, *_) = source(file).read().findings
    assert (finding.file, finding.line, finding.reason) == (str(file), line + 1, reason)
    assert words in finding.message


def test_a_file_in_a_folder_may_be_about_something_else(tmp_path: Path) -> None:
    """A compose file beside the objects is a warning; one that was given by name is an error."""
    file = write(tmp_path / "docker-compose.yaml", "services: {}\n")
    assert [finding.severity for finding in source(tmp_path).read().findings] == [Severity.WARNING]
    assert [finding.severity for finding in source(file).read().findings] == [Severity.ERROR]


def test_an_unknown_field_is_dropped_with_a_warning(tmp_path: Path) -> None:
    batch = source(write(tmp_path / "a.yaml", route("one") + "  colour: red\n")).read()
    assert set(put(batch)) == {ref("one")}
    assert [(finding.severity, finding.line) for finding in batch.findings] == [(Severity.WARNING, 11)]


def test_the_channel_decides_what_is_served(tmp_path: Path) -> None:
    text = """apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: {name: one, namespace: team}
spec: {rules: [{backendRefs: [{name: db, port: 5432}]}]}
"""
    file = write(tmp_path / "a.yaml", text)
    assert set(put(source(file, channel=Channel.EXPERIMENTAL).read())) == {ref("one", kind="TCPRoute")}
    assert [finding.reason for finding in source(file, channel=Channel.STANDARD).read().findings] == [Reason.NOT_SERVED]


def test_a_bad_document_harms_only_itself(tmp_path: Path) -> None:
    """A syntax error ends at the next `---`, as it does for kubectl."""
    write(tmp_path / "a.yaml", route("one"), "a: [\n", route("two"), bad_route("three"), route("four"))
    batch = source(tmp_path).read()
    assert set(put(batch)) == {ref("one"), ref("two"), ref("four")}
    assert [finding.line for finding in batch.findings] == [12, 34]


def test_fifty_bad_files_beside_a_good_one(tmp_path: Path) -> None:
    bad = [
        b"\x00" * 10,
        b"\xff\xfe\x00",
        b"\xc3\x28",
        b"a: b: c\n",
        b"[" * 5000,
        route("x").encode()[:100],
        b"kind: HTTPRoute\n",
        b'{"apiVersion": "v1", ',
        bad_route("y").encode(),
        b"&a [*a]",
    ]
    for index in range(50):
        (tmp_path / f"bad-{index}.yaml").write_bytes(bad[index % 10])
    write(tmp_path / "good.yaml", route("good"))
    batch = source(tmp_path).read()
    assert set(put(batch)) == {ref("good")}
    assert len({finding.file for finding in batch.findings}) == 50


def test_paths_that_cannot_be_read_are_reported(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", route("one"))
    os.symlink(tmp_path / "nothing", tmp_path / "b.yaml")
    findings = source(tmp_path, tmp_path / "none").read().findings
    assert [(finding.file, finding.line, finding.message) for finding in findings] == [
        (str(tmp_path / "b.yaml"), 0, "a link to nothing"),
        (str(tmp_path / "none"), 0, "no such file or directory"),
    ]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", route("one"))
    os.symlink(tmp_path, tmp_path / "again")
    batch = source(tmp_path).read()
    assert (set(put(batch)), batch.findings) == ({ref("one")}, ())


def test_an_object_and_its_fields_have_a_place(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"), route("two"))
    files = source(tmp_path)
    files.read()
    assert files.place(ref("two")) == Place(str(file), 12)
    assert files.place(ref("two"), "spec.parentRefs[0].name") == Place(str(file), 19)
    assert files.place(ref("two"), "spec.parentRefs[0].port") == Place(str(file), 19)
    assert files.place(ref("three")) is None
