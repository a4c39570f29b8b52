"""Server names: how the hostnames of a port are nested, and what tables say of each other's because of that."""

from typing import Any, NamedTuple

from translator import ir
from translator.incremental import Graph, Table
from translator.value import Key
from translator.xds import misdirected


class ServerNames(NamedTuple):
    """The tables of this room."""

    answers: Table[misdirected.ServerName, misdirected.Answers]
    alone: Table[tuple[Key, int], str]
    """By Gateway and port with HTTPS, the hostname that all others are nested in."""


def declare(graph: Graph, parents: Table[Any, ir.Parent]) -> ServerNames:
    """Declare the tables of server names."""
    named = graph.group("server names", (parents, misdirected.by_name))
    nested = graph.derived("nested server names", named, misdirected.nest, named)
    outermost = graph.group("outermost server names", (nested, misdirected.outermost))
    asked = graph.group("ports of https", (parents, misdirected.by_port))
    alone = graph.derived("widest server names", outermost, misdirected.alone, asked)
    return ServerNames(graph.derived("misdirected requests", nested, misdirected.answers, alone), alone)
