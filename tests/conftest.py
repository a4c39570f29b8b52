"""Before anything of ours: Envoy's message classes with all of their checks, for they are an oracle here."""

import importlib
import re
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("gatehouse", deadline=None)  # how long an example takes is the machine's affair
settings.load_profile("gatehouse")

WORDS = Path(__file__).resolve().parents[1] / "translator" / "xds"

for package in {
    f"{package}.{name}"
    for file in WORDS.glob("*.py")
    for package, name in re.findall(r"from (envoy_data_plane\.[\w.]+) import (v3)", file.read_text())
}:
    importlib.import_module(package)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
