"""Envoy's message classes, made without the checks that nobody here asks for.

envoy-data-plane makes each of its classes a dataclass of pydantic. Messages are made by `wire.new` and never by their
class, so all that those checks do is take half a second and nine MiB of a start. Classes that somebody has imported
before, as the tests do, keep their checks.
"""

import dataclasses
from typing import Any

import pydantic.dataclasses

MESSAGES = "envoy_data_plane."

_checked: Any = pydantic.dataclasses.dataclass


def dataclass(cls: Any = None, **options: Any) -> Any:
    """Make a dataclass as pydantic does, but of a message of Envoy's a plain one."""
    if cls is None:
        return lambda cls: dataclass(cls, **options)
    if not cls.__module__.startswith(MESSAGES):
        return _checked(cls, **options)
    return dataclasses.dataclass(**{name: value for name, value in options.items() if name != "config"})(cls)


def install() -> None:
    """Make so all message classes that are imported from now on."""
    pydantic.dataclasses.dataclass = dataclass  # type: ignore[assignment]  # it is overloaded
