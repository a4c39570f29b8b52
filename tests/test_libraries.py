"""Pages of libraries are given back: those of files alone, and what is needed comes again."""

import subprocess
import sys

import pytest

from xds_server import libraries

SMAPS = """\
7f00-7f10 r-xp 00001000 fe:00 17 /usr/lib/libcrypto.so.3
Rss: 64 kB
Anonymous: 0 kB
7f10-7f20 r--p 00002000 fe:00 17 /usr/lib/libcrypto.so.3
Anonymous: 8 kB
7f20-7f30 r--p 00003000 fe:00 17 /usr/lib/libcrypto.so.3
Anonymous: 0 kB
7f30-7f40 rw-p 00004000 fe:00 17 /usr/lib/libcrypto.so.3
Anonymous: 0 kB
7f40-7f50 r-xs 00000000 fe:00 18 /dev/shared
Anonymous: 0 kB
af50-af60 r--p 00000000 00:00 0
Anonymous: 0 kB
ff60-ff70 r-xp 00000000 00:00 0 [vdso]
Anonymous: 0 kB
"""


def test_what_is_changed_or_written_or_shared_or_no_file_is_left_alone() -> None:
    assert list(libraries.unchanged(SMAPS.splitlines())) == [(0x7F00, 0x7F10), (0x7F20, 0x7F30)]


@pytest.mark.skipif(not libraries.SMAPS.exists(), reason="Linux alone tells")
def test_libraries_go_on_working_with_less_of_them_mapped() -> None:
    program = """
import re, ssl
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric import ec
import grpc.aio, msgspec
from xds_server import libraries

def mapped():
    return int(re.search(r"RssFile:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

before = mapped()
libraries.give_back()
after = mapped()
ec.generate_private_key(ec.SECP256R1())
assert msgspec.json.decode(b'{"a": [1]}') == {"a": [1]}
assert ssl.create_default_context().get_ca_certs() is not None
print(after < before / 2)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
