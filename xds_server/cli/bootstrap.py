"""`gatehouse bootstrap`: what an Envoy that somebody else starts is started with."""

import typer

from xds_server import bootstrap, listening
from xds_server.cli.translate import gateway_key


def run(gateway: str, *, node: str, xds_address: str, admin_port: int) -> None:
    """Print the bootstrap of one Envoy of a Gateway."""
    key = gateway_key(gateway)
    assert key is not None
    try:
        host, port = listening.address(xds_address)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--xds-address") from error
    rendered = bootstrap.render(key, node=node or key.name, xds_host=host, xds_port=port, admin_port=admin_port)
    typer.echo(rendered, nl=False)
