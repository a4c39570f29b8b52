"""A directory of YAML as an event source: what changed since the last look, and what is wrong with the files."""

import hashlib
import os
import stat
import sys
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from translator.value import Ref
from xds_server.change import Change
from xds_server.files.finding import Finding, Place, Reason, Severity
from xds_server.files.lines import path_of
from xds_server.files.mounts import mountinfo, remote
from xds_server.files.notices import Notices
from xds_server.files.objects import Entry, Other, Reader, same
from xds_server.files.reading import FileContent, ReadPart
from xds_server.files.text import Part, parts
from xds_server.files.tree import STDIN, File, Order, newcomer, signature, walk
from xds_server.files.world import World
from xds_server.schema import Channel, catalog

MAX_BYTES = 64 * 2**20
"""Size of a file that is still read."""
FRESH = 50_000_000
"""Nanoseconds in which a file may change again without its mtime showing it."""
SETTLE = 0.15
"""Seconds for which an object that is in no file any more stays in force."""
POLL, IDLE = 0.5, 10.0
"""Seconds between looks where the file system does not tell of changes, and where it does."""


class Batch(NamedTuple):
    """What a look brought: the changes since the last one, and all findings that stand now, in order."""

    changes: tuple[Change, ...]
    findings: tuple[Finding, ...]
    others_changed: bool = False
    """Whether documents of kinds that are not translated came, changed or went."""
    heard_at: float = 0.0
    """When the look began, of the source's clock."""


class OtherDocument(NamedTuple):
    """A document of a kind that is not translated."""

    file: str
    line: int
    document: dict[str, object]


class FileSource:
    """Files and folders as a stream of changes to the objects that they hold.

    `paths` are files, folders (with all below them) and `-` for standard input. `read` looks at them and returns what
    changed; `watch` tells when to look. An object that a kube-apiserver would refuse keeps its last good version.
    """

    def __init__(
        self,
        paths: Sequence[str | os.PathLike[str]],
        channel: Channel = Channel.EXPERIMENTAL,
        *,
        settle: float = SETTLE,
        polling: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
        stdin: BinaryIO | None = None,
    ) -> None:
        self._paths = tuple(os.fspath(path) for path in paths)
        self._reader = Reader(catalog(channel))
        self._world = World(settle)
        self._settle = settle
        self._polling = polling
        self._clock = clock
        self._stdin = stdin
        self._contents: dict[str, FileContent] = {}
        self._flawed: set[str] = set()
        """Names of the files that something is to be said about."""
        self._names: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self._directories: frozenset[tuple[str, int, int]] = frozenset()
        self._others: dict[str, tuple[OtherDocument, ...]] = {}
        self._others_changed = False

    def read(self, changed: Collection[str] = ()) -> Batch:
        """Look at the files again: at those that `watch` named, or at all.

        An unchanged file is not read, an unchanged part of a file not parsed, an unchanged object not reported.
        """
        heard_at = self._clock()
        if not changed or not self._read_named(changed):
            self._read_tree()
        others_changed, self._others_changed = self._others_changed, False
        return Batch(tuple(self._world.settle(self._clock())), tuple(self._findings()), others_changed, heard_at)

    @property
    def others(self) -> tuple[OtherDocument, ...]:
        """All documents of kinds that are not translated, in the order of the files."""
        return tuple(other for name, _ in self._in_order() for other in self._others.get(name, ()))

    def place(self, ref: Ref, field: str = "") -> Place | None:
        """Say where the version of an object that is in force is written, or one field of it."""
        return self.places([(ref, field)])[0]

    def places(self, wanted: Iterable[tuple[Ref, str]]) -> list[Place | None]:
        """Say the same of many objects and fields; a file is read again once, and only for fields."""
        texts: dict[str, list[Part]] = {}
        return [self._located(ref, field, texts) for ref, field in wanted]

    async def watch(self) -> AsyncGenerator[frozenset[str], None]:
        """Yield when it is time to `read`, and the paths to give it (none: look at all).

        The first time comes at once: files may have changed before the watch began.
        """
        while True:
            watched = self._directories
            names = [name for name, _, _ in watched]
            poll = remote(names, mountinfo()) if self._polling is None else self._polling
            async with Notices([] if self._polling else names) as notices:
                yield frozenset()
                while watched == self._directories:
                    pause = self._settle if self._world.pending else POLL if poll or notices.deaf else IDLE
                    yield await notices.wait(pause)

    def _read_named(self, changed: Collection[str]) -> bool:
        """Read files that changed, or came to the one folder, unless they are links; say whether that was enough."""
        found: dict[str, File] = {}
        for path in changed:
            name = self._names.get(path)
            if name is None:
                new = newcomer(self._paths, path)
                if new is None:
                    return False
                found[new[0]] = new[1]
                continue
            if name not in self._contents:
                return False
            try:
                status = os.lstat(name)
            except OSError:
                return False
            if not stat.S_ISREG(status.st_mode):
                return False
            found[name] = self._contents[name].found._replace(signature=signature(status))
        for name, file in found.items():
            self._read_file(name, file)
        return True

    def _read_tree(self) -> None:
        tree = walk(self._paths)
        self._directories = tree.directories
        self._failures = tree.failures
        for name in [name for name in self._contents if name not in tree.files]:
            self._forget(name)
        for name, file in tree.files.items():
            content = self._contents.get(name)
            if content is None or (file.signature is not None and content.trusted != file.signature):
                self._read_file(name, file)

    def _forget(self, name: str) -> None:
        """Drop a file that is gone; one that is there and cannot be looked at holds what it held."""
        content = self._contents[name]
        if any(
            name == path or name.startswith(f"{path.rstrip(os.sep)}{os.sep}")
            for path in self._failures
            if os.path.lexists(path)
        ):
            self._world.replace(name, content.found.order, content.claims, {}, False)
            self._hold(name, FileContent(content.found, None, ()))
            return
        self._world.remove(name, content.claims)
        self._hold_others(name, ())
        self._flawed.discard(name)
        del self._contents[name], self._names[os.path.abspath(name)]

    def _read_file(self, name: str, file: File) -> None:
        """Read one file, parse those of its parts that are new, and tell the world what it claims."""
        old = self._contents.get(name)
        now = time.time_ns()
        trusted = file.signature if file.signature and now - file.signature[3] > FRESH else None
        try:
            content = FileContent(file, trusted, self._parts(name, file, old.parts if old is not None else ()))
        except (OSError, ValueError) as error:
            words = (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
            content = FileContent(file, None, (), words)
        self._hold(name, content)
        path = os.path.abspath(name)
        self._names[name if path == name else path] = name
        self._world.replace(name, file.order, old.claims if old is not None else {}, content.claims, content.intact)
        if content.intact:
            self._hold_others(name, tuple(_others(name, content)))

    def _hold(self, name: str, content: FileContent) -> None:
        self._contents[name] = content
        (self._flawed.add if any(content.findings(name)) else self._flawed.discard)(name)

    def _hold_others(self, name: str, others: tuple[OtherDocument, ...]) -> None:
        """Hold a file's documents of other kinds; a file that is half written keeps those it had."""
        before = self._others.pop(name, ())
        if others:
            self._others[name] = others
        self._others_changed |= [other.document for other in before] != [other.document for other in others]

    def _parts(self, name: str, file: File, known: tuple[ReadPart, ...]) -> tuple[ReadPart, ...]:
        by_digest = {part.digest: part for part in known}
        fresh = []
        for start, text in parts(self._bytes(name)):
            digest = hashlib.blake2b(text, digest_size=16).digest()
            found = by_digest.pop(digest, None) or self._reader.read(text, name.endswith(".json"), file.named)
            fresh.append(ReadPart(start, digest, found.entries, found.notes))
        return tuple(fresh)

    def _bytes(self, name: str) -> bytes:
        """Read a whole file; raises OSError, or ValueError where it is too large."""
        if name == STDIN:
            return (self._stdin or sys.stdin.buffer).read()
        with open(name, "rb", buffering=0) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
            return file.readall()

    def _located(self, ref: Ref, field: str, texts: dict[str, list[Part]]) -> Place | None:
        live = self._world.live.get(ref)
        content = self._contents.get(live.file) if live is not None else None
        line = content.lines.get(id(live.entry)) if live is not None and content is not None else None
        if live is None or line is None:
            return None
        if not field:
            return Place(live.file, line)
        if live.file not in texts:
            texts[live.file] = self._texts(live.file)
        return Place(live.file, self._field_line(live.file, texts[live.file], line, field))

    def _texts(self, name: str) -> list[Part]:
        """Read a file again, as it is now; nothing where that is not possible."""
        try:
            return parts(self._bytes(name))
        except (OSError, ValueError):
            return []

    def _field_line(self, name: str, texts: list[Part], line: int, field: str) -> int:
        """Find a field's line in the part of the text that the object stands in; else it is the object's own."""
        index = bisect_left(texts, line, key=lambda part: part.start) - 1
        if index < 0:
            return line
        part = texts[index]
        found = self._reader.field(part.text, name.endswith(".json"), line - part.start, path_of(field))
        return line if found is None else part.start + found

    def _findings(self) -> list[Finding]:
        found = [Finding(path, 0, None, Reason.UNREADABLE, words) for path, words in self._failures.items()]
        for name in self._flawed:
            found += self._contents[name].findings(name)
        found += self._duplicates()
        return sorted(found, key=lambda finding: (self._order(finding.file), finding.line))

    def _duplicates(self) -> Iterator[Finding]:
        """Report each claim after an object's first; one that says the same is only a warning."""
        for ref, ((name, first), *again) in self._world.contested():
            for file, entry in again:
                words = f"written before, at {self._place(name, first)}, and that is what counts"
                severity = Severity.WARNING if same(first, entry) else Severity.ERROR
                yield Finding(*self._place(file, entry), ref, Reason.DUPLICATE, words, severity)

    def _place(self, name: str, entry: Entry) -> Place:
        return Place(name, self._contents[name].lines[id(entry)])

    def _order(self, name: str) -> Order:
        content = self._contents.get(name)
        return (-1, (name,)) if content is None else content.found.order

    def _in_order(self) -> list[tuple[str, FileContent]]:
        return sorted(self._contents.items(), key=lambda item: item[1].found.order)


def _others(name: str, content: FileContent) -> Iterator[OtherDocument]:
    for part in content.parts:
        for entry in part.entries:
            if isinstance(entry, Other):
                yield OtherDocument(name, part.start + entry.line, entry.document)
