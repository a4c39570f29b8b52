"""`gatehouse up` at a terminal: a table that follows the files, until Ctrl-C is typed."""

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.envoy.running import wait_until
from tests.live.client import Edge
from tests.live.documents import echo, http_route, rule
from tests.live.stack import PROGRAM, Folder, descendants, free_offset, is_alive

pytestmark = pytest.mark.live

CTRL_C = b"\x03"
SIZE = {"COLUMNS": "160", "LINES": "50"}


class Terminal:
    """A terminal and the command that runs at it."""

    def __init__(self, keyboard: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._keyboard = keyboard
        self._shown = b""

    def shows(self, *words: str) -> bool:
        """Whether all these words have been on the screen."""
        try:
            while chunk := os.read(self._keyboard, 65536):
                self._shown += chunk
        except BlockingIOError:
            pass
        except OSError:
            assert self.process.poll() is not None
        return all(word.encode() in self._shown for word in words)

    def forget(self) -> None:
        """Look only at what is shown from now on."""
        self.shows()
        self._shown = b""

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._keyboard, keys)


@contextmanager
def terminal(*arguments: str | os.PathLike[str]) -> Iterator[Terminal]:
    """Run a `gatehouse` command at a terminal of its own."""
    keyboard, screen = pty.openpty()
    os.set_blocking(keyboard, False)
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        env={**os.environ, **SIZE, "TERM": "xterm"},
        preexec_fn=lambda: os.login_tty(screen),
    )
    try:
        yield Terminal(keyboard, process)
    finally:
        process.kill()
        process.wait()
        os.close(keyboard)
        os.close(screen)


def test_a_table_shows_gateways_routes_and_what_is_amiss(folder: Folder) -> None:
    folder.write("echo.yaml", *echo("echo"), http_route("shop", rule("echo")))
    offset = free_offset()
    with terminal("up", "--debug-port", "0", "--page-port", "0", "--port-offset", str(offset), folder.path) as screen:
        wait_until(
            lambda: screen.shows("Try: curl", "shop/edge", "HTTPRoute shop/shop", "as it should be"), "the table"
        )
        assert Edge("127.20.0.1", offset + 80).status("shop.example.com") == 200
        screen.forget()
        folder.write("wrong.yaml", http_route("wrong", rule("nowhere")))
        wait_until(lambda: screen.shows("HTTPRoute shop/wrong", "BackendNotFound"), "what is amiss")
        screen.forget()
        folder.write_bytes("bad.yaml", b"kind: [")
        wait_until(lambda: screen.shows("bad.yaml"), "the bad file")
        family = descendants(screen.process.pid)
        assert "envoy" in family.values()
        screen.type(CTRL_C)
        wait_until(lambda: screen.process.poll() is not None, "the end")
        assert screen.process.returncode == 0
        assert not [pid for pid in family if is_alive(pid)]
        assert not screen.shows("Traceback")
