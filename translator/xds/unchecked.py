"""Envoy's message classes, made without the checks that nobody here asks for, and without pydantic, which makes these.

envoy-data-plane makes each of its classes a dataclass of pydantic. Messages are made by `wire.new` and never by their
class, so all that those checks do is take half a second and fifteen MiB of a start, six of them pydantic's own. Classes
that somebody has imported before, as the tests do, keep their checks.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import Any

from translator.importing import standing_in, within

MESSAGES = ("envoy_data_plane.", "betterproto2")


def dataclass(cls: Any = None, **_: Any) -> Any:
    """Let a class have the fields that it names, and what its base has: it needs no constructor."""
    if cls is None:
        return dataclass
    cls.__doc__ = cls.__name__  # where there is none, a signature would be worked out
    return dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)(cls)


def _as_it_is(function: Any = None, **_: Any) -> Any:
    return _as_it_is if function is None else function


def _nothing(*_: Any, **__: Any) -> None:
    """Stands for a check."""


def _stand_ins() -> Mapping[str, ModuleType]:
    """Make as much of pydantic as the modules of messages ask for when they are imported."""
    pydantic, dataclasses_, core = map(ModuleType, ("pydantic", "pydantic.dataclasses", "pydantic_core"))
    pydantic.__dict__.update(
        dataclasses=dataclasses_, model_validator=_as_it_is, AfterValidator=_nothing, Field=_nothing
    )
    dataclasses_.__dict__.update(dataclass=dataclass, is_pydantic_dataclass=lambda _: False)
    return {module.__name__: module for module in (pydantic, dataclasses_, core)}


def install() -> None:
    """Make so all message classes that are imported from now on."""
    within(lambda name: name.startswith(MESSAGES), partial(standing_in, _stand_ins()))
