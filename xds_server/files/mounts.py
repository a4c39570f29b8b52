"""Which directories lie where the kernel does not tell of every change: on another machine, or on a host's disk."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

REMOTE = re.compile(
    r"nfs4?|cifs|smb\w*|9p|afs|ceph|glusterfs|lustre|fuse(\..+)?|vboxsf|prl_fs|virtiofs|fakeowner|osxfs"
)
MOUNTS = Path("/proc/self/mountinfo")
OCTAL = re.compile(r"\\([0-7]{3})")


def remote(directories: Iterable[str], mountinfo: str) -> bool:
    """Say whether any directory is on a file system whose changes inotify may not see (proc(5), mountinfo)."""
    kinds = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = OCTAL.sub(lambda match: chr(int(match[1], 8)), before.split(" ")[4])
        kinds[point] = after.split(" ")[0]
    return any(REMOTE.fullmatch(_kind(directory, kinds)) for directory in directories)


def mountinfo() -> str:
    """Read the mounts of this process; nothing where the system has no such list."""
    try:
        return MOUNTS.read_text()
    except OSError:
        return ""


def _kind(directory: str, kinds: dict[str, str]) -> str:
    at = os.path.realpath(directory)
    while at not in kinds and at != os.path.dirname(at):
        at = os.path.dirname(at)
    return kinds.get(at, "")
