"""`gatehouse up`: files, a control plane and an Envoy for each Gateway, on this machine."""

import asyncio
import os
import sys
from collections import deque
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import typer
from rich.console import Console
from rich.live import Live

from translator.pipeline import Commit
from translator.value import Ref, Value
from xds_server import app, listening, log
from xds_server.cli.board import board, complaints
from xds_server.files import Finding
from xds_server.local.authorities import system_authorities
from xds_server.local.endpoints import Endpoint
from xds_server.local.envoys import EnvoyNotFound
from xds_server.local.laptop import Laptop

REFRESH_SECONDS = 0.25
NOTICES = 8
SERVED_SECONDS = 10.0
"""How long a listener may take to be served before it is passed over."""


class Options(Value):
    """How `gatehouse up` was called."""

    port_offset: int
    address: str
    """Where all Gateways are served; empty for an address each."""
    envoy: str | None
    debug_port: int
    page_port: int
    channel: str
    controller_name: str
    log_level: str
    plain: bool


class Lines:
    """Says what happens, a line each: for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[Ref, tuple[str, ...]] = {}
        self._findings: tuple[Finding, ...] = ()
        self._notices: tuple[str, ...] = ()

    def committed(self, commit: Commit) -> None:
        """Say which objects are amiss now, and which no longer are."""
        for ref, status in commit.statuses:
            wrong = () if status is None else tuple(complaints(status))
            if wrong == self._said.get(ref, ()):
                continue
            self._said[ref] = wrong
            for line in wrong or ("as it should be",):
                self._say(f"{ref}: {line}")

    def found(self, findings: tuple[Finding, ...], notices: tuple[str, ...]) -> None:
        """Say what is wrong with the files, when that changes."""
        for finding in findings:
            if finding not in self._findings:
                self._say(str(finding))
        for notice in notices:
            if notice not in self._notices:
                self._say(notice)
        self._findings, self._notices = findings, notices

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Output(Console):
    """Where lines go; ends the program in order where nobody reads them, not in the middle of a task as rich does."""

    def on_broken_pipe(self) -> None:
        """Write to nowhere from now on and tell the task that wrote."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BrokenPipeError


class Board:
    """Shows how things stand: for people at a terminal."""

    def __init__(self, console: Console, laptop: Laptop, log_lines: "Tail", statuses: app.Statuses) -> None:
        self._console = console
        self._laptop = laptop
        self._log_lines = log_lines
        self._statuses = statuses
        self._findings: tuple[Finding, ...] = ()

    def found(self, findings: tuple[Finding, ...]) -> None:
        """Show what is wrong with the files."""
        self._findings = findings

    async def show(self) -> None:
        """Draw the picture again and again until cancelled."""
        with Live(console=self._console, auto_refresh=False, screen=False) as live:
            while True:
                notices = (*map(str, self._findings[:NOTICES]), *self._laptop.notices, *self._log_lines.lines)
                height = self._console.height - len(notices)
                live.update(board(self._statuses, self._laptop.endpoints, notices, height), refresh=True)
                await asyncio.sleep(REFRESH_SECONDS)


class Tail(StringIO):
    """A stream that keeps the last lines written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=4)

    def write(self, text: str) -> int:
        """Keep what is not blank."""
        self.lines.extend(line for line in text.splitlines() if line.strip())
        return len(text)


class Invitation:
    """Says where to send requests, a line for each listener once it is served, and the first request to try."""

    def __init__(self, laptop: Laptop, console: Console) -> None:
        self._laptop = laptop
        self._console = console
        self._said: set[tuple[Ref, Endpoint]] = set()
        self._tried = False
        self._turn = asyncio.Lock()

    async def say(self) -> None:
        """Say what was not said before; a listener that is not served within a while waits for the next time."""
        async with self._turn:
            reachable = self._laptop.endpoints.items()
            places = {(holder, endpoint) for holder, endpoints in reachable for endpoint in endpoints}
            self._said &= places
            await asyncio.gather(*(self._announce(*place) for place in sorted(places - self._said, key=str)))
            command = self._laptop.first_request() if self._said and not self._tried else None
            if command is not None:
                self._tried = True
                self._print(f"Try: {command}")

    async def _announce(self, holder: Ref, endpoint: Endpoint) -> None:
        try:
            await asyncio.wait_for(self._laptop.serving(holder, endpoint), SERVED_SECONDS)
        except TimeoutError:
            return
        self._said.add((holder, endpoint))
        self._print(f"{holder}, listener {endpoint.listener}: {endpoint.url}")

    def _print(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


async def _up(paths: Sequence[Path], options: Options) -> None:
    console = Output()
    live = console.is_terminal and not options.plain
    tail = Tail()
    log.configure(json=False, level=options.log_level, stream=tail if live else sys.stderr)
    settings = app.Settings(
        paths=tuple(map(str, paths)),
        channel=options.channel,
        controller_name=options.controller_name,
        xds_address="127.0.0.1:0",
        debug_address=f"127.0.0.1:{options.debug_port}",
        metrics_address=f"127.0.0.1:{options.page_port}",
        system_authorities=system_authorities(),
    )
    async with (
        app.running(settings) as running,
        running.laptop(options.envoy, options.port_offset, options.address) as laptop,
    ):
        lines = Lines(console)
        shown = Board(console, laptop, tail, running.plane.statuses)
        if not live:
            running.plane.watch(lines.committed)
        await running.listen()
        console.print(f"Page: http://127.0.0.1:{running.page_port}/", highlight=False, soft_wrap=True)
        invitation = Invitation(laptop, console)
        drawing = False
        async for batch in running.batches():
            await laptop.take(batch.changes, running.source.others)
            shown.found(batch.findings)
            if not live:
                lines.found(batch.findings, laptop.notices)
                running.group.create_task(invitation.say())
            elif not drawing:
                drawing = True
                await invitation.say()
                running.group.create_task(shown.show())


def run(paths: Sequence[Path], options: Options) -> None:
    """Run until Ctrl-C or SIGTERM."""
    try:
        listening.run(_up(paths, options))
    except* EnvoyNotFound as group:
        typer.echo(str(group.exceptions[0]), err=True)
        raise typer.Exit(2) from None
    except* listening.CannotListen as group:
        typer.echo(f"{group.exceptions[0]}; choose another --debug-port or --page-port, 0 picks one", err=True)
        raise typer.Exit(2) from None
    except* BrokenPipeError:
        raise typer.Exit(1) from None
