"""Modules imported within surroundings that we choose: what they would load, and nobody here needs, stays out."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

Surroundings = Callable[[], AbstractContextManager[Any]]


class _Within(MetaPathFinder):
    """Finds modules as Python does, and runs those that are meant within their surroundings."""

    def __init__(self, meant: Callable[[str], bool], surroundings: Surroundings) -> None:
        self._meant = meant
        self._surroundings = surroundings

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self._meant(fullname):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            run = spec.loader.exec_module

            def within(module: ModuleType) -> None:
                with self._surroundings():
                    run(module)

            spec.loader.exec_module = within  # type: ignore[method-assign]
        return spec


def within(meant: Callable[[str], bool], surroundings: Surroundings) -> None:
    """Run the modules whose names are meant within surroundings when they are imported, from now on."""
    sys.meta_path.insert(0, _Within(meant, surroundings))


@contextmanager
def standing_in(modules: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Let an import of these names find what is given for as long as the block lasts, or fail where that is None."""
    known = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(modules)  # type: ignore[arg-type]  # None is how Python is told that there is no such module
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(known)
