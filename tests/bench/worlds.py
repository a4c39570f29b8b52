"""Worlds to measure: thousands of routes behind one Gateway, each route a file of its own."""

from collections.abc import Iterator
from typing import NamedTuple

import yaml

from tests.live.documents import (
    Document,
    gateway,
    gateway_class,
    http_route,
    listener,
    path,
    rule,
    served,
)
from tests.live.stack import Folder

SHARED = "shared"
NOBODY = 9
"""A port of loopback where nobody listens: a route that Envoy knows answers 503, one that it does not 404."""


class World(NamedTuple):
    """How the routes of a world differ from each other."""

    name: str
    routes: int
    services_of_their_own: bool
    """Whether each route has a Service and an EndpointSlice; else all share one."""
    hosts_of_their_own: bool
    """Whether each route has a hostname; else all share the virtual host `*`, each under a path of its own."""

    def host(self, number: int) -> str:
        """The Host to reach a route under."""
        return f"route-{number}.example.com" if self.hosts_of_their_own else "any.example.com"

    def path(self, number: int, version: int) -> str:
        """The path to reach a version of a route under."""
        return f"/{number}/{version}"

    def documents(self, number: int, version: int = 0) -> Iterator[Document]:
        """A version of a route, with its Service and EndpointSlice if it has them."""
        name = f"route-{number}"
        backend = name if self.services_of_their_own else SHARED
        spec: Document = {"hostnames": [self.host(number)] if self.hosts_of_their_own else []}
        yield http_route(name, rule(backend, matches=[path(self.path(number, version))]), **spec)
        if self.services_of_their_own:
            yield from served(backend, NOBODY)

    def write(self, folder: Folder, port: int) -> None:
        """Write all of it, the Gateway's one listener on a port."""
        shared = () if self.services_of_their_own else served(SHARED, NOBODY)
        folder.write("gateway.yaml", gateway_class(), gateway(listener(port=port)), *shared)
        for number in range(self.routes):
            self.edit(folder, number, 0)

    def edit(self, folder: Folder, number: int, version: int) -> None:
        """Write a version of a route."""
        text = yaml.dump_all(self.documents(number, version), Dumper=yaml.CSafeDumper, sort_keys=False)
        folder.write_bytes(f"route-{number}.yaml", text.encode())
