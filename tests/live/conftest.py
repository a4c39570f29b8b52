"""What live tests start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.client import Edge
from tests.live.documents import gateway, gateway_class
from tests.live.stack import Folder, Gatehouse, up


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a class and the Gateway shop/edge in a file each."""
    return edge_folder(tmp_path / "resources")


@pytest.fixture(scope="module")
def stack(folder: Folder) -> Iterator[Gatehouse]:
    """`gatehouse up` on the folder of the module, which has one of that scope."""
    with up(folder.path) as gatehouse:
        yield gatehouse


@pytest.fixture(scope="module")
def edge(stack: Gatehouse) -> Edge:
    """Where its one listener is reached."""
    return stack.edge()


def edge_folder(path: Path) -> Folder:
    """A folder with a class and the Gateway shop/edge in a file each."""
    folder = Folder(path)
    folder.write("class.yaml", gateway_class())
    folder.write("gateway.yaml", gateway())
    return folder
