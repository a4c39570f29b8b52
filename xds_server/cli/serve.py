"""`gatehouse serve`: the control plane alone."""

from collections.abc import Sequence
from pathlib import Path

import structlog
import typer

from translator.value import Value
from xds_server import garbage, log
from xds_server.debug.access import Unprotected
from xds_server.listening import CannotListen
from xds_server.listening import run as run_to_end

logger = structlog.get_logger()


class Options(Value):
    """How `gatehouse serve` was called."""

    xds_address: str
    debug_address: str
    debug_certificate: str
    metrics_address: str
    channel: str
    controller_name: str
    namespaces: tuple[str, ...]
    certificate: str
    system_authorities: str
    log_level: str
    log_json: bool


async def _serve(resources: Sequence[Path], options: Options) -> None:
    from xds_server import app

    settings = app.Settings(
        paths=tuple(map(str, resources)),
        channel=options.channel,
        controller_name=options.controller_name,
        xds_address=options.xds_address,
        debug_address=options.debug_address,
        metrics_address=options.metrics_address,
        system_authorities=options.system_authorities,
        debug_certificate=options.debug_certificate,
    )
    async with app.running(settings) as running:
        said: frozenset[str] = frozenset()
        async for batch in running.batches():
            running.plane.change(batch.changes, heard_at=batch.heard_at)
            findings = frozenset(map(str, batch.findings))
            for finding in sorted(findings - said):
                logger.warning("file.finding", finding=finding)
            said = findings
            await running.listen()


async def _serve_cluster(options: Options) -> None:
    from xds_server import cluster

    settings = cluster.Settings(
        controller_name=options.controller_name,
        xds_address=options.xds_address,
        debug_address=options.debug_address,
        metrics_address=options.metrics_address,
        namespaces=options.namespaces,
        pod=cluster.pod_of(),
        certificate=options.certificate,
        system_authorities=options.system_authorities,
    )
    await cluster.serve(settings)


def run(resources: Sequence[Path], options: Options) -> None:
    """Run until Ctrl-C or SIGTERM."""
    garbage.hold_back()
    log.configure(json=options.log_json, level=options.log_level)
    try:
        run_to_end(_serve(resources, options) if resources else _serve_cluster(options))
    except* (CannotListen, Unprotected) as group:
        typer.echo(str(group.exceptions[0]), err=True)
        raise typer.Exit(2) from None
