"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

CONTROLLER = "gatehouse.dev/gateway-controller"
SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

Paths = Annotated[
    list[Path],
    typer.Argument(
        help="Files or folders (read recursively) of YAML or JSON; `-` is standard input.", metavar="PATH..."
    ),
]
Channel = Annotated[
    str,
    typer.Option(help="Which Gateway API 1.7 definitions apply: `experimental` (all fields and kinds) or `standard`."),
]
Controller = Annotated[
    str, typer.Option("--controller-name", help="Serve GatewayClasses of this controller; others are left alone.")
]
LogLevel = Annotated[str, typer.Option(help="`debug`, `info`, `warning` or `error`.")]
GatewayOption = Annotated[str | None, typer.Option("--gateway", help="Only this Gateway.", metavar="NAMESPACE/NAME")]
Server = Annotated[
    str,
    typer.Option(
        help="The control plane's debug endpoint; `cluster` reaches the kubeconfig's through a port-forward.",
        metavar="HOST:PORT|cluster[/NAMESPACE[/RELEASE]]",
        envvar="GATEHOUSE_SERVER",
    ),
]
Credentials = Annotated[
    str,
    typer.Option(
        help="What to show an endpoint beyond loopback: a folder with ca.crt, and tls.crt and tls.key, or token.",
        metavar="FOLDER",
        envvar="GATEHOUSE_CREDENTIALS",
    ),
]
DEBUG_ADDRESS = "127.0.0.1:18001"
PAGE_ADDRESS = "127.0.0.1:18002"
Text = Annotated[str, typer.Option("-o", "--output", help="`text`, `yaml` or `json`.")]
Output = Annotated[str, typer.Option("-o", "--output", help="`yaml` or `json`.")]


class Target(NamedTuple):
    """Whom to ask, and what is shown to be let in."""

    address: str
    credentials: str = ""
    """A folder with ca.crt, and tls.crt and tls.key, or token; empty for an address on loopback, which asks nobody."""

    def __str__(self) -> str:
        return self.address


def one_of(value: str, option: str, *choices: str) -> str:
    """Return the value of an option that is one of several words; what else is given is refused with them."""
    if value not in choices:
        raise typer.BadParameter(f"{value!r} is none of {', '.join(choices)}", param_hint=option)
    return value
