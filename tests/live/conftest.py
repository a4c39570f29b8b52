"""What live tests start from."""

from pathlib import Path

import pytest

from tests.live.documents import gateway, gateway_class
from tests.live.stack import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with a class and the Gateway shop/edge in a file each."""
    return edge_folder(tmp_path / "resources")


def edge_folder(path: Path) -> Folder:
    """A folder with a class and the Gateway shop/edge in a file each."""
    folder = Folder(path)
    folder.write("class.yaml", gateway_class())
    folder.write("gateway.yaml", gateway())
    return folder
