"""The messages in use are those of debug.proto, which is what people read."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFINITION = "xds_server/debug/v1/debug.proto"


def test_the_messages_are_made_from_the_definition(tmp_path: Path) -> None:
    """`make protos` would change nothing."""
    options = ["-I", str(ROOT), f"--python_out={tmp_path}", f"--pyi_out={tmp_path}"]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *options, DEFINITION], check=True, cwd=ROOT)
    for name in ("debug_pb2.py", "debug_pb2.pyi"):
        made = tmp_path / "xds_server/debug/v1" / name
        assert made.read_text() == (ROOT / "xds_server/debug/v1" / name).read_text()
