"""Commands that look inside a running control plane."""

from pathlib import Path
from typing import Annotated

import typer

from xds_server.cli.options import (
    CONTROLLER,
    DEBUG_ADDRESS,
    PAGE_ADDRESS,
    Channel,
    Controller,
    Credentials,
    GatewayOption,
    Output,
    Server,
    Target,
    Text,
    one_of,
)

app = typer.Typer()

PANEL = "Look inside"
TYPES = ("listeners", "scopes", "routes", "clusters", "endpoints", "secrets")
Files = Annotated[
    list[Path] | None,
    typer.Option("-f", "--file", help="Ask these files or folders instead of a server.", metavar="PATH"),
]


@app.command(rich_help_panel=PANEL)
def snapshot(
    gateway: GatewayOption = None,
    type_: Annotated[str | None, typer.Option("--type", help=f"{', '.join(f'`{it}`' for it in TYPES)}.")] = None,
    name: Annotated[str, typer.Option("--name", help="Only the resource of this name.")] = "",
    host: Annotated[str, typer.Option("--host", help="Of route tables only this virtual host.")] = "",
    version: Annotated[
        str, typer.Option("--version", help="Only what has this version, or had it in the last changes.")
    ] = "",
    file: Files = None,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    output: Output = "yaml",
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
) -> None:
    """Print what a **running** control plane serves, and what each Envoy has accepted or refused of it; with `-f` what
    one would serve of files.

    Exit status: 0 there is something, 1 there is no such thing, 2 nobody can be asked.
    """
    from xds_server.cli import snapshot as command

    wanted = command.Wanted(
        gateway=gateway or "",
        type=one_of(type_, "--type", *TYPES) if type_ else "",
        name=name,
        host=host,
        version=version,
        output=one_of(output, "--output", "yaml", "json"),
    )
    if file:
        form = one_of(channel, "--channel", "experimental", "standard")
        raise typer.Exit(command.of_files(file, wanted, channel=form, controller_name=controller_name))
    raise typer.Exit(command.run(Target(server, credentials), wanted))


@app.command(rich_help_panel=PANEL)
def explain(
    method: Annotated[str, typer.Argument(help="`GET`, `POST`, ...", metavar="METHOD")],
    url: Annotated[str, typer.Argument(help="For example `https://shop.example.com/cart?color=red`.", metavar="URL")],
    header: Annotated[
        list[str] | None,
        typer.Option("-H", "--header", help="A header; repeat for several.", metavar="'NAME: VALUE'"),
    ] = None,
    server_name: Annotated[
        str | None,
        typer.Option("--sni", help="The server name of TLS, where it is not the URL's host.", metavar="NAME"),
    ] = None,
    file: Files = None,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    gateway: GatewayOption = None,
    output: Text = "text",
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
) -> None:
    """Say **which way a request goes** and why: the listener, the host, every rule considered with the first thing
    that spoke against it, the winner, its backends and their endpoints.

    The port of the URL is the listener's. Exit status: 0 it is served, 1 it is not, 2 nobody can tell.
    """
    from xds_server.cli import explain as command
    from xds_server.debug.v1 import debug_pb2 as pb

    request = pb.ExplainRequest(
        method=method, url=url, headers=header or (), server_name=server_name, gateway=gateway or ""
    )
    raise typer.Exit(
        command.run(
            request,
            paths=file or (),
            server=Target(server, credentials),
            output=one_of(output, "--output", "text", "yaml", "json"),
            channel=one_of(channel, "--channel", "experimental", "standard"),
            controller_name=controller_name,
        )
    )


@app.command(rich_help_panel=PANEL)
def status(
    one: Annotated[str, typer.Argument(help="Of one object, with everything about it: its kind.", metavar="KIND")] = "",
    key: Annotated[str, typer.Argument(help="And which it is.", metavar="NAMESPACE/NAME")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only this kind, for example `HTTPRoute`.")] = "",
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Only this namespace.")] = "",
    amiss: Annotated[bool, typer.Option("--amiss", help="Only objects with something amiss.")] = False,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    output: Text = "text",
) -> None:
    """Print how every object **is**: what it is told in its conditions, and what Envoys refuse or do not answer for.

    Exit status: 0 all is as it should be, 1 something is not, 2 nobody can be asked.
    """
    from xds_server.cli import status as command

    form = one_of(output, "--output", "text", "yaml", "json")
    if one:
        if not key:
            raise typer.BadParameter(f"which {one}? Write NAMESPACE/NAME after it", param_hint="NAMESPACE/NAME")
        raise typer.Exit(command.details(Target(server, credentials), kind=one, key=key, output=form))
    raise typer.Exit(
        command.status(Target(server, credentials), kind=kind, namespace=namespace, amiss=amiss, output=form)
    )


@app.command(rich_help_panel=PANEL)
def envoys(
    gateway: GatewayOption = None,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    output: Text = "text",
) -> None:
    """Print the **Envoys** of each Gateway: what they hold, what they refused, and what they do not answer for.

    Exit status: 0 all answer and refuse nothing, 1 one does not, 2 nobody can be asked.
    """
    from xds_server.cli import status as command

    form = one_of(output, "--output", "text", "yaml", "json")
    raise typer.Exit(command.envoys(Target(server, credentials), gateway=gateway or "", output=form))


@app.command(rich_help_panel=PANEL)
def diff(
    gateway: GatewayOption = None,
    limit: Annotated[int, typer.Option("--last", help="How many changes.", min=1)] = 5,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    output: Text = "text",
) -> None:
    """Print the last **changes** to what Envoys are given, and the objects that caused them."""
    from xds_server.cli import changes as command

    form = one_of(output, "--output", "text", "yaml", "json")
    raise typer.Exit(command.diff(Target(server, credentials), gateway=gateway or "", limit=limit, output=form))


@app.command(rich_help_panel=PANEL)
def watch(
    gateway: GatewayOption = None,
    contents: Annotated[bool, typer.Option("--contents", help="With what was and what is.")] = False,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
    output: Text = "text",
) -> None:
    """Print changes to what Envoys are given **as they happen**, until Ctrl-C."""
    from xds_server.cli import changes as command

    form = one_of(output, "--output", "text", "yaml", "json")
    raise typer.Exit(command.watch(Target(server, credentials), gateway=gateway or "", contents=contents, output=form))


@app.command(rich_help_panel=PANEL)
def page(
    server: Annotated[
        str,
        typer.Option(
            help="The control plane's admin port; `cluster` reaches the kubeconfig's through a port-forward.",
            metavar="HOST:PORT|cluster[/NAMESPACE[/RELEASE]]",
        ),
    ] = PAGE_ADDRESS,
    open_: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Lead to the **page** of a running control plane: a picture of what there is, for a browser.

    Of a cluster it keeps the way open until Ctrl-C. Exit status: 0 it is there, 2 it is not.
    """
    from xds_server.cli import page as command

    raise typer.Exit(command.run(server, open_in_browser=open_))


@app.command(rich_help_panel=PANEL)
def bundle(
    path: Annotated[
        Path | None, typer.Argument(help="The archive to write; `gatehouse-DATE-TIME.tar.gz` here if not given.")
    ] = None,
    server: Server = DEBUG_ADDRESS,
    credentials: Credentials = "",
) -> None:
    """Write all that a running control plane knows into an **archive for support**, secrets removed."""
    from xds_server.cli import bundle as command

    raise typer.Exit(command.run(Target(server, credentials), path=path))
