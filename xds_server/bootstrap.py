"""The bootstrap that an Envoy of a Gateway is started with: `envoy/bootstrap.yaml`, filled in."""

import json
from importlib.resources import files
from string import Template
from typing import Any

from translator.attach.regexes import MAX_PROGRAM_SIZE
from translator.value import Key

LOOPBACK = "127.0.0.1"
MAX_HEAP_BYTES = 2 * 1024**3
MAX_CONNECTIONS = 50_000


def render(
    gateway: Key, *, node: str, xds_host: str, xds_port: int, admin_port: int = 0, admin_socket: str | None = None
) -> str:
    """Return the bootstrap of one Envoy as YAML.

    The admin interface is on a loopback port, any free one where that is 0, or on a Unix socket.
    """
    return template().substitute(
        NODE_ID=json.dumps(node),
        GATEWAY=json.dumps(str(gateway)),
        XDS_HOST=json.dumps(xds_host),
        XDS_PORT=xds_port,
        ADMIN_ADDRESS=json.dumps(_admin_address(admin_port, admin_socket)),
        MAX_HEAP_BYTES=MAX_HEAP_BYTES,
        MAX_CONNECTIONS=MAX_CONNECTIONS,
        REGEX_PROGRAM_SIZE=MAX_PROGRAM_SIZE,
    )


def template() -> Template:
    """Return the template, which the installed package carries a copy of."""
    return Template(files("xds_server").joinpath("bootstrap.yaml").read_text("utf-8"))


def _admin_address(port: int, socket: str | None) -> dict[str, Any]:
    if socket is not None:
        return {"pipe": {"path": socket}}
    return {"socket_address": {"address": LOOPBACK, "port_value": port}}
