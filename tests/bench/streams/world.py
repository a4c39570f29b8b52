"""Worlds of several Gateways, each in a namespace of its own with its routes, each route a file of its own."""

from typing import NamedTuple

import yaml

from tests.bench.worlds import NOBODY, SHARED
from tests.live.documents import Document, gateway, gateway_class, http_route, listener, path, rule, served
from tests.live.stack import Folder
from translator.value import Key

PORT = 8080


class Gateways(NamedTuple):
    """So many Gateways with so many routes each, every route with a hostname and perhaps a Service of its own."""

    gateways: int
    routes: int
    services_of_their_own: bool = True

    def gateway(self, number: int) -> Key:
        """The key of a Gateway."""
        return Key(f"tenant-{number}", "edge")

    def mark(self, gateway: int, number: int, version: int) -> bytes:
        """What an Envoy's configuration has in it once it knows a version of a route."""
        return f"/{gateway}-{number}-v{version}-".encode()

    def write(self, folder: Folder) -> None:
        """Write all of it."""
        folder.write("class.yaml", gateway_class())
        for tenant in range(self.gateways):
            home = self.gateway(tenant).namespace
            shared = () if self.services_of_their_own else served(SHARED, NOBODY, namespace=home)
            folder.write(f"{home}.yaml", gateway(listener(port=PORT), namespace=home), *shared)
            for number in range(self.routes):
                self.edit(folder, tenant, number, 0)

    def edit(self, folder: Folder, tenant: int, number: int, version: int) -> bytes:
        """Write a version of a route; return what it is known by."""
        home = self.gateway(tenant).namespace
        mark = self.mark(tenant, number, version)
        name = f"route-{number}"
        backend = name if self.services_of_their_own else SHARED
        documents: list[Document] = [
            http_route(
                name,
                rule(backend, matches=[path(mark.decode())]),
                namespace=home,
                parentRefs=[{"name": "edge"}],
                hostnames=[f"{name}.{home}.example.com"],
            )
        ]
        if self.services_of_their_own:
            documents += served(backend, NOBODY, namespace=home)
        text = yaml.dump_all(documents, Dumper=yaml.CSafeDumper, sort_keys=False)
        folder.write_bytes(f"{home}-{name}.yaml", text.encode())
        return mark
