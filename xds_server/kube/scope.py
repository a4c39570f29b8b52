"""Which namespaces are read: all, those that are named, or those that carry labels."""

from collections.abc import Mapping
from typing import TypeAlias

from translator.value import Value

EVERYWHERE = ""
"""Stands for all namespaces at once where one is expected."""


class Everywhere(Value):
    """Every namespace, in one list and one watch per kind; the role has to be a ClusterRole."""


class Named(Value):
    """These namespaces, a list and a watch per kind and namespace; a Role in each of them is enough.

    GatewayClasses and the Namespaces themselves belong to no namespace: a ClusterRole may name them.
    """

    names: tuple[str, ...]


class Labelled(Value):
    """The namespaces that a label selector chooses at any time, e.g. `team=shop`; meant for tens, not for thousands."""

    selector: str


Scope: TypeAlias = Everywhere | Named | Labelled


def namespaces_of(scope: Scope, labelled: Mapping[str, object]) -> tuple[str, ...]:
    """Return the namespaces to read, `labelled` being those that a selector has chosen."""
    match scope:
        case Everywhere():
            return (EVERYWHERE,)
        case Named(names=names):
            return tuple(dict.fromkeys(names))
        case Labelled():
            return tuple(labelled)
