"""What a file was found to hold: its parts, what they claim, and on which lines."""

from collections.abc import Iterator

from translator.value import Ref, Value
from xds_server.files.finding import Finding, Note, Reason
from xds_server.files.objects import Accepted, Entry, Other, Refused
from xds_server.files.tree import File, Signature


class ReadPart(Value):
    """A part of a file as read: the lines before it, the hash of its text, and what it holds."""

    start: int
    digest: bytes
    entries: tuple[Entry, ...]
    notes: tuple[Note, ...]


class FileContent:
    """What a file was found to hold at its last reading; there are thousands, so it remembers little."""

    __slots__ = ("_lines", "failure", "found", "parts", "trusted")

    def __init__(self, found: File, trusted: Signature | None, parts: tuple[ReadPart, ...], failure: str = "") -> None:
        self.found = found
        self.trusted = trusted
        """The file's signature, unless the file may change without changing it."""
        self.parts = parts
        self.failure = failure
        self._lines: dict[int, int] | None = None

    @property
    def claims(self) -> dict[Ref, tuple[Accepted | Refused, ...]]:
        """Its entries by the object that they are about, in the order in which they are written."""
        claims: dict[Ref, tuple[Accepted | Refused, ...]] = {}
        for part in self.parts:
            for entry in part.entries:
                if not isinstance(entry, Other) and entry.ref is not None:
                    claims[entry.ref] = (*claims.get(entry.ref, ()), entry)
        return claims

    @property
    def lines(self) -> dict[int, int]:
        """The line of each entry, by the entry's identity; worked out when it is first asked for."""
        if self._lines is None:
            self._lines = {id(entry): part.start + entry.line for part in self.parts for entry in part.entries}
        return self._lines

    def findings(self, name: str) -> Iterator[Finding]:
        """Yield what is wrong with the file, which is called `name`, by itself."""
        if self.failure:
            yield Finding(name, 0, None, Reason.UNREADABLE, self.failure)
        for part in self.parts:
            for note in part.notes:
                yield note.at(name, part.start)

    @property
    def intact(self) -> bool:
        """Whether every document says which object it is about."""
        return not self.failure and not any(
            isinstance(entry, Refused) and entry.ref is None for part in self.parts for entry in part.entries
        )
