"""What is installed has the page's files, wherever it is installed from."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.examples.console import ROOT
from xds_server.page.site import FILES, TYPES

STATIC = {f"xds_server/page/static/{path.name}" for path in FILES.iterdir()}
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def test_a_wheel_has_every_file_of_the_page(tmp_path: Path) -> None:
    """Built from what the image is built from: nothing but the packages and their metadata."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "translator", "xds_server"):
        (tree / name).symlink_to(ROOT / name)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    subprocess.run([sys.executable, "-c", BUILD, str(wheels)], cwd=tree, check=True, capture_output=True, timeout=120)
    [wheel] = wheels.glob("*.whl")
    assert set(ZipFile(wheel).namelist()) >= STATIC


def test_the_image_is_built_with_it() -> None:
    """The whole package goes into the image's build."""
    assert "!xds_server" in (ROOT / ".dockerignore").read_text().splitlines()
    assert "COPY xds_server xds_server" in (ROOT / "deploy/Dockerfile").read_text().splitlines()


def test_every_file_has_a_type_and_names_no_other_place() -> None:
    """Modules import from beside them, and nothing is fetched from elsewhere."""
    for path in FILES.iterdir():
        assert path.suffix in TYPES
        text = path.read_text().replace("http://www.w3.org/2000/svg", "").replace("https://shop.example.com", "")
        assert "//" not in text.replace("// ", "") or "http" not in text, path
