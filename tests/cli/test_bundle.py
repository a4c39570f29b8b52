"""What is in an archive for support, and what never is."""

import asyncio
import tarfile
from pathlib import Path

import pytest
import yaml

from tests.builders import gateway, gateway_class, https
from tests.echo.certificates import self_signed
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.pipeline import Settings
from translator.value import Ref
from xds_server.cli import bundle
from xds_server.cli.options import Target
from xds_server.control_plane import ControlPlane
from xds_server.debug.known import Known
from xds_server.debug.service import DebugServer
from xds_server.files import Put

pytestmark = pytest.mark.anyio


async def test_everything_but_private_keys(tmp_path: Path) -> None:
    """Gateways, objects, changes and snapshots are there; the key of the certificate is in none of them."""
    certificate, key = self_signed(tmp_path, "a.example.com")
    data = {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes()}
    secret = Secret(Meta(name="tls", namespace="shop"), "kubernetes.io/tls", data)
    plane = ControlPlane(Settings())
    for kind, value in (
        ("GatewayClass", gateway_class()),
        ("Gateway", gateway(https("tls", "tls"))),
        ("Secret", secret),
    ):
        plane.change([Put(Ref(kind, *value.metadata.key), value)])
    server = DebugServer(Known(plane, lambda: ()))
    port = server.bind("127.0.0.1:0")
    await server.start()
    target = tmp_path / "support.tar.gz"
    assert await asyncio.to_thread(bundle.run, Target(f"127.0.0.1:{port}"), path=target) == 0
    await server.stop()
    with tarfile.open(target) as archive:
        files = {name: archive.extractfile(name).read() for name in archive.getnames()}  # type: ignore[union-attr]
    names = ("version", "gateways", "objects", "changes", "snapshots/shop.edge")
    assert set(files) == {f"support/{name}.yaml" for name in names}
    types = {it["type"] for it in yaml.safe_load_all(files["support/snapshots/shop.edge.yaml"])}
    assert types >= {"listeners", "secrets"}
    private = key.read_text().splitlines()[1]
    assert not any(private.encode() in content or b"PRIVATE KEY" in content for content in files.values())
