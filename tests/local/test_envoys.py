"""Envoy programs that are started, watched and ended."""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog

from translator.value import Key
from xds_server.local.envoys import Envoys

PATIENCE = 20
LONGEST = Key("n" * 63, ".".join(["g" * 62] * 4))


def program(folder: Path, text: str) -> str:
    path = folder / "envoy"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def until_one_runs(envoys: Envoys) -> None:
    while not envoys.processes:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)


def test_the_longest_names_have_room(tmp_path: Path) -> None:
    """Namespace and name of a Gateway may have 63 and 253 characters: together more than a file's name."""

    async def scenario() -> None:
        envoys = Envoys(program(tmp_path, "#!/bin/sh\nexec tail -f /dev/null\n"), str)
        async with asyncio.TaskGroup() as group:
            envoys.want({LONGEST}, group)
            await until_one_runs(envoys)
            assert envoys.log_file(LONGEST).exists()
            await envoys.close()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_closing_waits_for_envoys_that_the_task_group_ends(tmp_path: Path) -> None:
    """However the program ends, none is left that ends later."""

    async def scenario() -> None:
        slow = "#!/bin/sh\ntrap 'sleep 0.5; exit 0' TERM\nwhile true; do sleep 0.1; done\n"
        envoys = Envoys(program(tmp_path, slow), str)
        pids: set[int] = set()

        async def fail() -> None:
            await until_one_runs(envoys)
            pids.update(envoys.processes.values())
            raise InterruptedError

        with suppress(ExceptionGroup):
            async with asyncio.TaskGroup() as group:
                try:
                    envoys.want({Key("shop", "edge")}, group)
                    group.create_task(fail())
                    await asyncio.get_running_loop().create_future()
                finally:
                    await envoys.close()
        assert pids
        assert not [pid for pid in pids if is_alive(pid)]

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))


def test_a_program_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    """It ends nothing else, and once it can be started it is."""

    async def scenario() -> None:
        with structlog.testing.capture_logs():
            path = program(tmp_path, "no program")
            envoys = Envoys(path, str)
            async with asyncio.TaskGroup() as group:
                envoys.want({Key("shop", "edge")}, group)
                await asyncio.sleep(0)
                program(tmp_path, "#!/bin/sh\nexec tail -f /dev/null\n")
                await until_one_runs(envoys)
                await envoys.close()

    asyncio.run(asyncio.wait_for(scenario(), PATIENCE))
