"""Where this machine keeps CA certificates."""

from pathlib import Path

from xds_server.local.authorities import KNOWN, system_authorities


def test_a_file_that_is_there_goes_before_those_that_are_not() -> None:
    found = system_authorities()
    assert Path(found).is_file() or found == KNOWN[0]
