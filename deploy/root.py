"""Lay out the root of the image: what Gatehouse needs to run, and no shell or package installer beside it.

    python root.py ENVIRONMENT ROOT

The interpreter, its library, an environment with everything installed, and the shared libraries that these load.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

UNUSED = ("test", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "pydoc_data", "venv", "config-*")
NOT_OURS = ("site-packages", "dist-packages")
LOADED = re.compile(r"^\s*(?:\S+ => )?(/\S+) \(0x", re.MULTILINE)
"""A line of ldd that says which file it is."""
ALSO = ("/etc/ssl/certs/ca-certificates.crt", "/etc/ld.so.cache")
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/:/sbin/nologin\ngatehouse:x:65532:65532:gatehouse:/tmp:/sbin/nologin\n",
    "group": "root:x:0:\ngatehouse:x:65532:\n",
}


def libraries(programs: Iterable[Path]) -> set[Path]:
    """Return the shared libraries that programs and modules load, the loader itself included."""
    ended = subprocess.run(["ldd", *map(str, programs)], capture_output=True, text=True)  # noqa: S603, S607
    return {Path(os.path.normpath(path)) for path in LOADED.findall(ended.stdout)}


def place(path: Path, root: Path) -> None:
    """Copy a file, not a link to it, to the same path below the root."""
    target = root / path.relative_to("/")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)


def lay_out(environment: Path, root: Path) -> None:
    """Write the root, which must not be there."""
    interpreter = (environment / "bin" / "python").resolve()
    library = Path(sysconfig.get_path("stdlib"))
    unused = shutil.ignore_patterns(*UNUSED, *NOT_OURS)
    shutil.copytree(library, root / library.relative_to("/"), ignore=unused, ignore_dangling_symlinks=True)
    shutil.copytree(environment, root / environment.relative_to("/"), symlinks=True)
    modules = [it for folder in (library, environment) for it in folder.rglob("*.so*") if it.is_file()]
    for path in {interpreter, *libraries([interpreter, *modules]), *map(Path, ALSO)}:
        place(path, root)
    for name in ("python3", "python"):
        named = root / interpreter.relative_to("/").with_name(name)
        if not named.exists():
            named.symlink_to(interpreter.name)
    for name, text in ACCOUNTS.items():
        (root / "etc" / name).write_text(text)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


if __name__ == "__main__":
    lay_out(*map(Path, sys.argv[1:3]))
