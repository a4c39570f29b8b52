"""Messages made by `wire.new` are the messages that envoy-data-plane would make with every field checked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import betterproto2
import pytest

from translator.pipeline import Settings, Translator
from translator.xds import wire
from xds_server.files import FileSource, Put

HERE = Path(__file__).resolve().parents[1]
WORLDS = sorted(path.parent for path in (*HERE.glob("golden/*/input.yaml"), *HERE.glob("../examples/*/README.md")))


def checked(message: type[betterproto2.Message], /, **fields: Any) -> betterproto2.Message:
    """Make a message as its own class does; it raises where a field is none of it, out of range or of another type."""
    return message(**fields)


def encoded(puts: list[Put]) -> Mapping[object, bytes]:
    """What the Envoys of all Gateways get."""
    translator = Translator(Settings(dns_services=True))
    for ref, value in puts:
        translator.put(ref.kind, value)
    translator.commit()
    resources: dict[object, bytes] = {(gateway, kind, it.name): it.body for gateway, kind, it in translator.resources()}
    for gateway, table, hosts in translator.tables():
        resources[gateway, table.name] = b"".join([table.head, *[host.frame for host in hosts]])
    return resources


@pytest.mark.parametrize("folder", WORLDS, ids=lambda folder: folder.name)
def test_messages_made_unchecked_would_pass_the_checks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    puts = [change for change in FileSource([folder]).read().changes if isinstance(change, Put)]
    unchecked = encoded(puts)
    monkeypatch.setattr(wire, "new", checked)
    assert encoded(puts) == unchecked
