"""Pages of libraries that only a start has run: the kernel is told that they are not needed.

They are the files' own, unchanged, and come back, from the page cache, should they be needed: half of what is mapped of
libraries never is. Where there is no Linux nothing happens.
"""

import ctypes
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

SMAPS = Path("/proc/self/smaps")
DONT_NEED = 4
"""MADV_DONTNEED."""

_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ [1-9]\d* +/")
"""A part of a file that is read, or run, and that nothing is written to."""


def unchanged(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of mappings of files of which no page is a copy, as a relocated one would be; from smaps."""
    place: tuple[int, int] | None = None
    for line in lines:
        if line[0].isdigit() or line[0] in "abcdef":
            found = _MAPPING.match(line)
            place = None if found is None else (int(found[1], 16), int(found[2], 16))
        elif place is not None and line.startswith("Anonymous:") and line.split()[1] == "0":
            yield place


def give_back() -> None:
    """Map nothing of libraries any more; what is needed is mapped again as it is needed."""
    if not SMAPS.exists():
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    for begin, end in tuple(unchanged(SMAPS.read_text().splitlines())):
        advise(begin, end - begin, DONT_NEED)
