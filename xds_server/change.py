"""What event sources tell: objects as they are now."""

from typing import NamedTuple, TypeAlias

from translator.api.kinds import Object
from translator.value import Ref


class Put(NamedTuple):
    """An object is new, or another version of it is in force."""

    ref: Ref
    value: Object


class Delete(NamedTuple):
    """An object is gone."""

    ref: Ref


Change: TypeAlias = Put | Delete
