"""Which files the given paths hold right now, and which directories to watch to learn of the next change."""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"
MAX_LINKS = 40

Order: TypeAlias = tuple[int, tuple[str, ...]]
"""Where a file stands among the others: by the path that was given, then by the names below it."""

Signature: TypeAlias = tuple[int, int, int, int, int]
"""What changes when a file's content does: device, inode, size, mtime and ctime in nanoseconds."""


class File(NamedTuple):
    """A file as found."""

    order: Order
    signature: Signature | None
    """None for what is read once: standard input and pipes."""
    named: bool
    """Whether the file itself was given, not a folder around it."""


class Tree(NamedTuple):
    """All that was found: files by the path to show, what could not be read, and the directories to watch."""

    files: dict[str, File]
    failures: dict[str, str]
    directories: frozenset[tuple[str, int, int]]
    """(path, device, inode): one that is deleted and created again is another one."""


def walk(paths: Sequence[str]) -> Tree:
    """Look at the given paths; hidden names are passed over, links are followed, none twice on one way down."""
    files: dict[str, File] = {}
    failures: dict[str, str] = {}
    watched: set[str] = set()
    for index, path in enumerate(paths):
        if path == STDIN:
            files.setdefault(path, File((index, ()), None, True))
            continue
        watched.update(_hops(path))
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            failures[path] = _words(error)
            continue
        if stat.S_ISDIR(status.st_mode):
            _walk(path, (index, ()), ((status.st_dev, status.st_ino),), files, failures, watched)
        else:
            regular = stat.S_ISREG(status.st_mode)
            files.setdefault(path, File((index, ()), signature(status) if regular else None, True))
    return Tree(files, failures, frozenset(_identities(watched)))


def newcomer(paths: Sequence[str], path: str) -> tuple[str, File] | None:
    """Say what `walk` would of a file that is new in the one folder that was given; None where that takes a walk."""
    name = os.path.basename(path)
    if len(paths) != 1 or os.path.abspath(paths[0]) != os.path.dirname(path):
        return None
    if name.startswith(".") or not name.endswith(SUFFIXES):
        return None
    try:
        status = os.lstat(path)
    except OSError:
        return None
    found = File((0, (name,)), signature(status), False)
    return (os.path.join(paths[0], name), found) if stat.S_ISREG(status.st_mode) else None


def signature(status: os.stat_result) -> Signature:
    """Sum up what the file system says of a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _walk(
    folder: str,
    order: Order,
    above: tuple[tuple[int, int], ...],
    files: dict[str, File],
    failures: dict[str, str],
    watched: set[str],
) -> None:
    watched.add(os.path.abspath(folder))
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        failures[folder] = _words(error)
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        below = (order[0], (*order[1], entry.name))
        try:
            link = entry.is_symlink()
            if link:
                watched.update(_hops(entry.path))
            if entry.is_dir():
                status = entry.stat()
                identity = (status.st_dev, status.st_ino)
                if identity not in above:
                    _walk(entry.path, below, (*above, identity), files, failures, watched)
            elif entry.name.endswith(SUFFIXES) and (link or entry.is_file()):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode):
                    files.setdefault(entry.path, File(below, signature(status), False))
        except FileNotFoundError:
            if link:
                failures[entry.path] = "a link to nothing"
        except OSError as error:
            failures[entry.path] = _words(error)


def _hops(path: str) -> Iterator[str]:
    """Yield the directory around a path, and around each thing that it links to in turn."""
    at = os.path.abspath(path)
    for _ in range(MAX_LINKS):
        yield _standing(os.path.dirname(at))
        try:
            at = os.path.normpath(os.path.join(os.path.dirname(at), os.readlink(at)))
        except (OSError, ValueError):
            break
    yield _standing(os.path.dirname(os.path.realpath(path)))


def _standing(directory: str) -> str:
    """Return the directory, or the nearest one above it that exists."""
    while not os.path.isdir(directory) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
    return directory


def _identities(directories: set[str]) -> Iterator[tuple[str, int, int]]:
    for directory in directories:
        try:
            status = os.stat(directory)
        except OSError:
            continue
        yield directory, status.st_dev, status.st_ino


def _words(error: OSError | ValueError) -> str:
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
