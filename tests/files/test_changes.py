"""What a source reports when files change, and what it leaves alone."""

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.files.written import bad_route, put, ref, route, routes, source, write
from translator.value import Ref
from xds_server.files import Batch, Delete, FileSource, Put, Reason

Held = dict[Ref, object]


def apply(world: Held, batch: Batch) -> None:
    for change in batch.changes:
        match change:
            case Put(at, value):
                assert world.get(at) != value, "an equal value is no change"
                world[at] = value
            case Delete(at):
                del world[at]


def test_nothing_changed_is_nothing_reported(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"), route("two"))
    files = source(tmp_path)
    files.read()
    assert files.read().changes == ()
    write(file, route("two"), "# moved\n", route("one"))
    assert files.read().changes == ()
    write(file, route("two"), route("one", "b.example.com"))
    assert set(put(files.read())) == {ref("one")}


def test_files_that_are_named_are_read_without_a_look_at_the_others(tmp_path: Path) -> None:
    one, two = write(tmp_path / "a.yaml", route("one")), write(tmp_path / "b.yaml", route("two"))
    files = source(tmp_path)
    files.read()
    write(one, route("one", "b.example.com"))
    write(two, route("two", "b.example.com"))
    assert set(put(files.read([str(one)]))) == {ref("one")}
    assert set(put(files.read())) == {ref("two")}


def test_a_file_that_comes_to_the_one_folder_is_read_without_a_look_at_the_others(tmp_path: Path) -> None:
    """What comes of it is what a look at all would have found, where nothing else has changed."""
    two = write(tmp_path / "b.yaml", route("two"))
    files, looking = source(tmp_path), source(tmp_path)
    assert put(files.read()) == put(looking.read())
    one = write(tmp_path / "a.yaml", route("one"), route("two", "a.example.com"))
    found, expected = files.read([str(one)]), looking.read()
    assert (found.changes, found.findings) == (expected.changes, expected.findings)
    write(two, route("two", "b.example.com"))
    write(tmp_path / ".c.yaml", route("three"))
    assert set(put(files.read([str(write(tmp_path / "d.yaml", route("four")))]))) == {ref("four")}


def test_a_file_that_disappears_deletes_its_objects(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"))
    files = source(tmp_path)
    files.read()
    file.unlink()
    assert files.read([str(file)]).changes == (Delete(Ref("Namespace", "", "team")), Delete(ref("one")))


def test_an_object_that_moves_stays(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"))
    files = source(tmp_path)
    files.read()
    file.rename(tmp_path / "b.yaml")
    assert files.read().changes == ()


def test_what_is_gone_goes_once_that_is_settled(tmp_path: Path) -> None:
    """An editor that empties a file, or takes it away, to write it anew takes no object away."""
    now = 0.0
    file = write(tmp_path / "a.yaml", route("one"), route("two"))
    files = source(tmp_path, settle=0.15, clock=lambda: now)
    files.read()
    file.write_text("")
    assert files.read().changes == ()
    file.unlink()
    now = 0.1
    assert files.read().changes == ()
    write(file, route("one"))
    now = 0.2
    assert routes(files.read()) == [Delete(ref("two"))]
    now = 9.0
    assert files.read().changes == ()


def test_a_refused_object_keeps_its_last_good_version(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"), route("two"))
    files = source(tmp_path)
    files.read()
    write(file, bad_route("one"), route("two", "b.example.com"))
    batch = files.read()
    assert set(put(batch)) == {ref("two")}
    assert [(finding.ref, finding.reason) for finding in batch.findings] == [(ref("one"), Reason.INVALID)]
    write(file, route("two", "b.example.com"))
    assert routes(files.read()) == [Delete(ref("one"))]


def test_a_broken_file_keeps_what_it_held_until_it_parses(tmp_path: Path) -> None:
    text = "---\n".join((route("one"), route("two"), route("three")))
    file = write(tmp_path / "a.yaml", text)
    files = source(tmp_path)
    files.read()
    for broken in (text[:200], "{", "\x00", "a: [", route("one") + "---\nkind: HTTPRoute\n"):
        file.write_text(broken)
        batch = files.read()
        assert batch.changes == ()
        assert len(batch.findings) >= 1
    write(file, route("one"))
    batch = files.read()
    assert routes(batch) == [Delete(ref("three")), Delete(ref("two"))]
    assert batch.findings == ()


def test_a_broken_file_that_goes_takes_its_objects_with_it(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"))
    files = source(tmp_path)
    files.read()
    file.write_text("{")
    files.read()
    file.unlink()
    assert routes(files.read()) == [Delete(ref("one"))]


def test_the_second_claim_counts_when_the_first_goes(tmp_path: Path) -> None:
    first = write(tmp_path / "a.yaml", route("one", "a.example.com"))
    write(tmp_path / "b.yaml", route("one", "b.example.com"))
    files = source(tmp_path)
    assert len(files.read().findings) == 1
    first.unlink()
    batch = files.read()
    assert put(batch)[ref("one")].spec.hostnames == ("b.example.com",)  # type: ignore[attr-defined]
    assert batch.findings == ()


def test_a_generation_counts_changes_of_the_spec_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yaml", route("one"))
    files = source(tmp_path)

    def generation() -> int:
        files.read()
        return files._world.live[ref("one")].generation

    assert generation() == 1
    write(file, route("one").replace("  name: one\n", "  name: one\n  labels: {a: b}\n"))
    assert generation() == 1
    write(file, route("one", "b.example.com"))
    assert generation() == 2
    write(file, route("one", "c.example.com").replace("  name: one\n", "  name: one\n  generation: 40\n"))
    assert generation() == 40


def test_a_namespace_stays_while_something_is_in_it(tmp_path: Path) -> None:
    written = write(tmp_path / "n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: team, labels: {a: b}}\n")
    file = write(tmp_path / "a.yaml", route("one"))
    files, world = source(tmp_path), dict[Ref, object]()
    team = Ref("Namespace", "", "team")
    apply(world, files.read())
    assert world[team].metadata.labels["a"] == "b"  # type: ignore[attr-defined]
    written.unlink()
    apply(world, files.read())
    assert world[team].metadata.labels == {"kubernetes.io/metadata.name": "team"}  # type: ignore[attr-defined]
    file.unlink()
    apply(world, files.read())
    assert set(world) == {Ref("Namespace", "", "default")}


def test_a_mounted_volume_changes_by_its_link(tmp_path: Path) -> None:
    """How a kubelet updates a ConfigMap's files: a new folder, and the link `..data` set to it in one step."""
    for version in ("1", "2"):
        write(tmp_path / f"..{version}" / "a.yaml", route("one", f"v{version}.example.com"))
    os.symlink("..1", tmp_path / "..data")
    os.symlink("..data/a.yaml", tmp_path / "a.yaml")
    files = source(tmp_path)
    assert len(put(files.read())) == 1
    os.symlink("..2", tmp_path / "..new")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    assert put(files.read())[ref("one")].spec.hostnames == ("v2.example.com",)  # type: ignore[attr-defined]


DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: echo
spec:
  replicas: %d
"""


def test_a_document_of_another_kind_that_changes_is_told_of(tmp_path: Path) -> None:
    """Local pods are planned from Deployments, which are no changes of the translated world."""
    path = write(tmp_path / "a.yaml", route("one"), DEPLOYMENT % 1)
    files = source(tmp_path)
    assert files.read().others_changed
    assert not files.read().others_changed
    write(path, route("one", "b.example.com"), DEPLOYMENT % 1)
    assert not files.read().others_changed
    write(path, route("one", "b.example.com"), DEPLOYMENT % 2)
    batch = files.read()
    assert (batch.changes, batch.others_changed) == ((), True)
    path.unlink()
    assert files.read().others_changed
    assert files.others == ()


def test_a_file_that_is_half_written_keeps_its_documents_of_other_kinds(tmp_path: Path) -> None:
    """Or a slip of the pen would stop the pods of a Deployment further down."""
    path = write(tmp_path / "a.yaml", DEPLOYMENT % 1)
    files = source(tmp_path)
    files.read()
    held = files.others
    path.write_text((DEPLOYMENT % 2) + "  selector: {")
    assert not files.read().others_changed
    assert files.others == held


NAMES = st.sampled_from(["a.yaml", "b.yaml", "sub/c.yaml"])
GOOD = st.builds(
    route, st.sampled_from(["one", "two", "three"]), st.sampled_from(["a.b", "b.b"]), st.sampled_from(["x", "z"])
)
EDITS = st.lists(st.tuples(NAMES, st.none() | st.lists(GOOD, max_size=3).map("---\n".join)), max_size=8)
BREAKS = st.lists(
    st.tuples(NAMES, st.none() | GOOD | GOOD.map(lambda text: text[:150]) | st.binary(max_size=30)), max_size=8
)


def edit(folder: Path, name: str, text: str | bytes | None) -> None:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    if text is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(text if isinstance(text, bytes) else text.encode())


def anonymous(world: Held) -> Held:
    """The world without generations, which count the edits."""
    return {at: str(value).partition("spec=")[2] for at, value in world.items()}


@settings(max_examples=60, deadline=None)
@given(EDITS)
def test_edits_lead_where_a_fresh_look_leads(edits: list[tuple[str, str | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, world = Path(name), dict[Ref, object]()
        files = FileSource([folder], settle=0)
        for path, text in edits:
            edit(folder, path, text)
            batch = files.read()
            apply(world, batch)
            fresh, at_once = FileSource([folder], settle=0).read(), dict[Ref, object]()
            apply(at_once, fresh)
            assert anonymous(world) == anonymous(at_once)
            assert batch.findings == fresh.findings


@settings(max_examples=60, deadline=None)
@given(BREAKS)
def test_no_file_raises_and_repair_leads_where_a_fresh_look_leads(edits: list[tuple[str, str | bytes | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, world = Path(name), dict[Ref, object]()
        files = FileSource([folder], settle=0)
        for path, text in edits:
            edit(folder, path, text)
            apply(world, files.read())
        for path in ["a.yaml", *(path for path, _ in edits)]:
            edit(folder, path, route("two", path.replace("/", "."), "x"))
            apply(world, files.read())
        fresh, at_once = FileSource([folder], settle=0).read(), dict[Ref, object]()
        apply(at_once, fresh)
        assert anonymous(world) == anonymous(at_once)
