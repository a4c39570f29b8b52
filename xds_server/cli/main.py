"""The commands and their options; what they do stands in a module each, imported when called."""

import os
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from xds_server.cli import inside
from xds_server.cli.options import (
    CONTROLLER,
    SYSTEM_AUTHORITIES,
    Channel,
    Controller,
    GatewayOption,
    LogLevel,
    Output,
    Paths,
    one_of,
)

app = typer.Typer(
    name="gatehouse",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Gatehouse turns Kubernetes **Gateway API** objects into **Envoy** configuration.\n\n"
    "Try `gatehouse up examples/quickstart`: a Gateway, a route and a backend on this machine, served by a real Envoy.",
)

app.add_typer(inside.app)


@app.command()
def up(
    paths: Paths,
    port_offset: Annotated[
        int,
        typer.Option(help="Listener ports below 1024 are served at this much above; 0 serves the ports themselves."),
    ] = 10000,
    address: Annotated[
        str,
        typer.Option(
            help="Serve every Gateway at this IP address, e.g. ::1; :: is all of them, of both families. Without it "
            "each has a loopback address of its own.",
            metavar="ADDRESS",
            show_default=False,
        ),
    ] = "",
    envoy: Annotated[str | None, typer.Option(help="The Envoy to run, instead of the packaged one.")] = None,
    debug_port: Annotated[int, typer.Option(help="Port of the gRPC debug endpoint on 127.0.0.1; 0 picks one.")] = 18001,
    page_port: Annotated[
        int, typer.Option(help="Port of the page, and of metrics, on 127.0.0.1; 0 picks one.")
    ] = 18002,
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
    log_level: LogLevel = "warning",
    plain: Annotated[bool, typer.Option("--plain", help="Print lines, also on a terminal.")] = False,
) -> None:
    """Serve a folder of YAML on this machine: the control plane and a real **Envoy for each Gateway**.

    Each Gateway gets a loopback address of its own. Edits to the files take effect at once. Deployments that run
    Gatehouse's own echo are run too; other Services are found by DNS under their names. Ctrl-C ends all of it.
    """
    from xds_server.cli import up as command

    command.run(
        paths,
        command.Options(
            port_offset=port_offset,
            address=_ip_address(address),
            envoy=envoy,
            debug_port=debug_port,
            page_port=page_port,
            channel=one_of(channel, "--channel", "experimental", "standard"),
            controller_name=controller_name,
            log_level=log_level,
            plain=plain,
        ),
    )


@app.command()
def serve(
    resources: Annotated[
        list[Path] | None,
        typer.Option(
            "--resources",
            help="File or folder of YAML or JSON; repeat for several. Without it the cluster is read: that of "
            "KUBECONFIG, or in a pod its own.",
            metavar="PATH",
        ),
    ] = None,
    xds_address: Annotated[str, typer.Option(help="Where Envoys connect.", metavar="HOST:PORT")] = "127.0.0.1:18000",
    debug_address: Annotated[
        str,
        typer.Option(
            help="The gRPC debug endpoint: gatehouse.debug.v1, CSDS, reflection, health. Beyond loopback it speaks TLS "
            "and asks who calls.",
            metavar="HOST:PORT,HOST:PORT",
        ),
    ] = "127.0.0.1:18001",
    debug_certificate: Annotated[
        str,
        typer.Option(
            help="With files: a folder with the debug endpoint's tls.crt and tls.key, and the ca.crt of those who may "
            "ask from elsewhere. In a cluster a token says who asks.",
            metavar="FOLDER",
        ),
    ] = "",
    metrics_address: Annotated[
        str, typer.Option(help="Prometheus metrics at /metrics, and the page at /.", metavar="HOST:PORT")
    ] = "127.0.0.1:18002",
    watch_namespaces: Annotated[
        str, typer.Option(help="In a cluster: look at these namespaces only.", metavar="NAME,NAME")
    ] = "",
    xds_certificate: Annotated[
        str,
        typer.Option(
            help="In a cluster: a folder with tls.crt, tls.key and ca.crt, read again when they change. Without it the "
            "control plane has an authority of its own.",
            metavar="FOLDER",
        ),
    ] = "",
    system_authorities: Annotated[
        str,
        typer.Option(
            help="Where Envoys have the CA certificates of their system, for BackendTLSPolicies that trust these.",
            metavar="PATH",
        ),
    ] = SYSTEM_AUTHORITIES,
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
    log_level: LogLevel = "info",
    log_format: Annotated[str, typer.Option(help="`text` for people or `json` for machines.")] = "text",
) -> None:
    """Run the control plane alone: on files, for Envoys that somebody else starts (see `envoy/README.md`), or in a
    cluster, where it starts the Envoys of each Gateway itself.

    It can be killed and started again: its Envoys keep serving, and only what changed is sent when they reconnect.
    """
    from xds_server.cli import serve as command

    command.run(
        resources or (),
        command.Options(
            xds_address=xds_address,
            debug_address=debug_address,
            debug_certificate=debug_certificate,
            metrics_address=metrics_address,
            channel=one_of(channel, "--channel", "experimental", "standard"),
            controller_name=controller_name,
            log_level=log_level,
            namespaces=tuple(name for name in watch_namespaces.split(",") if name),
            certificate=xds_certificate,
            system_authorities=system_authorities,
            log_json=one_of(log_format, "--log-format", "text", "json") == "json",
        ),
    )


@app.command()
def translate(
    paths: Paths,
    gateway: GatewayOption = None,
    type_: Annotated[
        str | None,
        typer.Option(
            "--type",
            help="`listeners`, `scopes`, `routes`, `clusters`, `endpoints`, `secrets` or `status`; "
            "all but status if not given.",
        ),
    ] = None,
    output: Output = "yaml",
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
) -> None:
    """Print what Envoy would get, or with `--type status` the status every object would be given.

    Nothing is started; it is judged as if Envoy had accepted everything. Private keys are redacted.
    """
    from xds_server.cli import translate as command

    kinds = ("listeners", "scopes", "routes", "clusters", "endpoints", "secrets", "status")
    command.run(
        paths,
        gateway=gateway,
        type_=None if type_ is None else one_of(type_, "--type", *kinds),
        output=one_of(output, "--output", "yaml", "json"),
        channel=one_of(channel, "--channel", "experimental", "standard"),
        controller_name=controller_name,
    )


@app.command()
def check(
    paths: Paths,
    strict: Annotated[
        bool, typer.Option("--strict", help="Count references to objects that are not there as findings.")
    ] = False,
    output: Annotated[str, typer.Option("-o", "--output", help="`text` or `json`.")] = "text",
    channel: Channel = "experimental",
    controller_name: Controller = CONTROLLER,
) -> None:
    """Find what is wrong **before** it is applied, for CI and GitOps.

    Each document is validated against the Gateway API schemas and their CEL rules, then everything is translated and
    each condition that would not be as it should be is reported, with file, line, object, reason and what to change.
    Exit status: 0 nothing found, 1 findings, 2 it could not run.
    """
    from xds_server.cli import check as command

    raise typer.Exit(
        command.run(
            paths,
            strict=strict,
            output=one_of(output, "--output", "text", "json"),
            channel=one_of(channel, "--channel", "experimental", "standard"),
            controller_name=controller_name,
        )
    )


@app.command()
def echo(
    port: Annotated[int, typer.Option(help="HTTP/1.1, cleartext HTTP/2, WebSockets and gRPC.")] = 8080,
    tls_port: Annotated[int | None, typer.Option(help="The same over TLS, with a self-signed certificate.")] = None,
    tls_folder: Annotated[
        str,
        typer.Option(
            help="The certificate to show over TLS instead: `tls.crt` and `tls.key`; with a `ca.crt` clients must show "
            "one that it signed.",
            metavar="FOLDER",
        ),
    ] = "",
    tcp_port: Annotated[int | None, typer.Option(help="Lines: PING is answered PONG, TEST with who answers.")] = None,
    udp_port: Annotated[int | None, typer.Option(help="Datagrams, each answered with what it held.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "0.0.0.0",  # noqa: S104
) -> None:
    """Run the small backend of the examples: it answers with the request it got."""
    from xds_server.cli import echo as command
    from xds_server.echo import Ports

    command.run(host, Ports(port, tls_port, tcp_port, udp_port), tls_folder)


@app.command()
def bootstrap(
    gateway: Annotated[str, typer.Option("--gateway", help="The Gateway it serves.", metavar="NAMESPACE/NAME")],
    node: Annotated[str, typer.Option(help="A name of its own among all Envoys; the Gateway's if not given.")] = "",
    xds_address: Annotated[
        str, typer.Option(help="Where it finds the control plane.", metavar="HOST:PORT")
    ] = "127.0.0.1:18000",
    admin_port: Annotated[int, typer.Option(help="Port of its admin interface on 127.0.0.1; 0 picks one.")] = 0,
) -> None:
    """Print the configuration with which an **Envoy that you start yourself** finds the control plane.

    `envoy -c` reads it. Everything else it is then told over xDS.
    """
    from xds_server.cli import bootstrap as command

    command.run(gateway, node=node, xds_address=xds_address, admin_port=admin_port)


@app.command(name="envoy-shutdown")
def envoy_shutdown(
    admin: Annotated[str, typer.Option(help="The Unix socket of Envoy's admin interface.")] = "/run/envoy/admin.sock",
    port: Annotated[int, typer.Option(help="Where `/drained` is answered once Envoy may end.")] = 19002,
    min_seconds: Annotated[
        float, typer.Option(help="Drain at least so long: until load balancers have turned away.")
    ] = 10,
    max_seconds: Annotated[float, typer.Option(help="Cut connections that are left after so long.")] = 20,
) -> None:
    """Stand beside an Envoy in its pod and let it **drain before it ends**.

    SIGTERM begins it: the health check fails, clients are told to go, and when they are gone, or the limit is
    reached, whoever asked for `/drained` gets its answer. Gatehouse puts it into every pod that it makes.
    """
    from xds_server.shutdown.drain import Limits
    from xds_server.shutdown.sidecar import Sidecar

    Sidecar(admin, port, Limits(min_seconds, max_seconds)).run()


@app.command()
def version() -> None:
    """Print the versions of Gatehouse, the Gateway API and Envoy it is made for."""
    from importlib.metadata import version as installed

    typer.echo(f"gatehouse {installed('gatehouse')} (Gateway API 1.7.0, Envoy 1.40)")


def _ip_address(value: str) -> str:
    try:
        return str(ip_address(value)) if value else ""
    except ValueError:
        raise typer.BadParameter(f"{value!r} is not an IP address", param_hint="--address") from None


def main() -> None:
    """Run the command line; gRPC is told to keep its own notices to itself."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    app()
