"""The product as users run it: `gatehouse up`, or `gatehouse serve` and Envoys of their own, on a folder of files."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.envoy.running import LOOPBACK, free_port, is_free, wait_until
from tests.live.client import Edge
from tests.live.documents import Document
from translator.value import Key
from xds_server import bootstrap

PROGRAM = Path(sys.executable).parent / "gatehouse"
ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
SERVED = re.compile(
    r"Gateway (?P<gateway>\S+), listener (?P<listener>\S+): \w+://(?P<address>[\d.]+|\[[\da-f:]+\]):(?P<port>\d+)"
)


class Folder:
    """A folder of YAML, each file of which is replaced atomically."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._drafts = path.with_name(f"{path.name}-drafts")
        self.path.mkdir()
        self._drafts.mkdir()

    def write(self, name: str, *documents: Document) -> None:
        """Write a file of these documents, or replace it."""
        self.write_bytes(name, yaml.safe_dump_all(documents, sort_keys=False).encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write a file, or replace it."""
        draft = self._drafts / name
        draft.write_bytes(content)
        draft.replace(self.path / name)

    def remove(self, name: str) -> None:
        """Remove a file."""
        (self.path / name).unlink()


class Gatehouse:
    """A running `gatehouse` command and what it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def output(self) -> str:
        """All that it has printed."""
        return "\n".join(self.lines)

    def said(self, *words: str) -> bool:
        """Whether one line has all these words."""
        return any(all(word in line for word in words) for line in list(self.lines))

    def wait_until(self, condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Return as soon as the condition holds; fail with its output when it does not, or has ended."""

        def holds() -> bool:
            assert self.process.poll() is None, f"gatehouse ended with {self.process.returncode}:\n{self.output}"
            return condition()

        try:
            wait_until(holds, what, patience)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output}") from None

    def wait_until_said(self, *words: str, patience: float = PATIENCE) -> None:
        """Return as soon as one line has all these words."""
        self.wait_until(lambda: self.said(*words), f"a line with {words}", patience)

    @property
    def descendants(self) -> dict[int, str]:
        """Process ids and programs of its children, and of theirs."""
        return descendants(self.process.pid)

    def envoy_pids(self) -> list[int]:
        """The Envoys that it runs."""
        return [pid for pid, program in self.descendants.items() if program == "envoy"]

    def interrupt(self) -> int:
        """End it as Ctrl-C does and return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it as the out-of-memory killer does."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def edge(self, listener: str = "http", gateway: str = "shop/edge") -> Edge:
        """Where a listener is served, as `up` says."""
        found = [match for line in list(self.lines) if (match := SERVED.match(line))]
        places = {
            (match["gateway"], match["listener"]): Edge(match["address"].strip("[]"), int(match["port"]))
            for match in found
        }
        return places[gateway, listener]


def descendants(pid: int) -> dict[int, str]:
    """Return process ids and programs of a process's children, and of theirs."""
    found: dict[int, str] = {}
    for child in _children(pid):
        try:
            found[child] = Path(f"/proc/{child}/comm").read_text().strip()
        except OSError:
            continue
        found |= descendants(child)
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, task.read_text().split())
        except OSError:
            continue
    return children


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def start(*arguments: str | os.PathLike[str]) -> Gatehouse:
    """Start a `gatehouse` command."""
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "1000", "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return Gatehouse(process)


@contextmanager
def ending(gatehouse: Gatehouse) -> Iterator[Gatehouse]:
    """End a command with the block, as Ctrl-C does, and see that nothing is left of it."""
    try:
        yield gatehouse
        if gatehouse.process.poll() is None:
            family = gatehouse.descendants
            assert gatehouse.interrupt() == 0, gatehouse.output
            left = {pid: name for pid, name in family.items() if is_alive(pid)}
            assert not left, f"left behind: {left}\n{gatehouse.output}"
    finally:
        for pid in [gatehouse.process.pid, *gatehouse.descendants] if gatehouse.process.poll() is None else []:
            os.kill(pid, signal.SIGKILL)
        gatehouse.process.wait(PATIENCE)


@contextmanager
def up(*arguments: str | os.PathLike[str], offset: int | None = None, ready: str = "Try: ") -> Iterator[Gatehouse]:
    """Run `gatehouse up` until the block ends; ready, as a line of it tells, when entered."""
    chosen = free_offset() if offset is None else offset
    options = ["--plain", "--debug-port", "0", "--page-port", "0", "--port-offset", str(chosen)]
    with ending(start("up", *options, *arguments)) as gatehouse:
        gatehouse.wait_until_said(ready, patience=2 * PATIENCE)
        yield gatehouse


def free_offset() -> int:
    """Return a `--port-offset` that no other `gatehouse up` of this machine uses: ports 80 and 443 are free."""
    while True:
        offset = random.randrange(21_000, 31_000)
        if all(is_free("127.20.0.1", offset + port) for port in (80, 443)):
            return offset


class Ports:
    """The ports of a `gatehouse serve`, the same after a restart."""

    def __init__(self) -> None:
        self.xds, self.debug, self.metrics = free_port(), free_port(), free_port()


@contextmanager
def serve(folder: Folder, ports: Ports) -> Iterator[Gatehouse]:
    """Run `gatehouse serve` until the block ends; ready when entered."""
    addresses = [
        *("--xds-address", f"{LOOPBACK}:{ports.xds}"),
        *("--debug-address", f"{LOOPBACK}:{ports.debug}"),
        *("--metrics-address", f"{LOOPBACK}:{ports.metrics}"),
    ]
    with ending(start("serve", "--resources", folder.path, *addresses)) as gatehouse:
        gatehouse.wait_until_said("serving", patience=2 * PATIENCE)
        yield gatehouse


def bootstrap_of(ports: Ports, gateway: Key = Key("shop", "edge"), node: str = "edge-1") -> dict[str, Any]:
    """Return the bootstrap of an Envoy of a Gateway, to be changed by those who want a strange one."""
    text = bootstrap.render(gateway, node=node, xds_host=LOOPBACK, xds_port=ports.xds)
    config: dict[str, Any] = yaml.safe_load(text)
    return config


@contextmanager
def echoes(*names: str, host: str = LOOPBACK) -> Iterator[dict[str, int]]:
    """Run an echo backend for each name, as processes of their own, at an address; yields their ports."""
    ports = {name: free_port() for name in names}
    with ExitStack() as stack:
        for name, port in ports.items():
            stack.enter_context(_echo(name, host, port))
        for port in ports.values():
            wait_until(lambda edge=Edge(host, port): edge.status("probe", "/health") == 200, "an echo backend")
        yield ports


@contextmanager
def _echo(name: str, host: str, port: int) -> Iterator[None]:
    command = [PROGRAM, "echo", "--host", host, "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, "POD_NAME": name}, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(PATIENCE)
