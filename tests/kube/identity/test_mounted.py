"""Certificate files that somebody else writes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from xds_server.kube.identity import MountedCertificate, ServingCertificate, in_folder
from xds_server.kube.identity.authority import Authority, Pair, Unreadable, found, issued

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def put(folder: Path, authority: Authority) -> Pair:
    pair = issued(authority, ["gatehouse"], NOW)
    (folder / "tls.crt").write_text(pair.certificate)
    (folder / "tls.key").write_text(pair.key)
    (folder / "ca.crt").write_text(authority.bundle)
    return pair


def mounted(folder: Path) -> tuple[MountedCertificate, ServingCertificate]:
    serving = ServingCertificate()
    return MountedCertificate(in_folder(str(folder)), serving), serving


def test_what_is_in_the_files_is_served_and_read_again(tmp_path: Path) -> None:
    first, second = found(NOW), found(NOW)
    files, serving = mounted(tmp_path)
    for authority in (first, second):
        pair = put(tmp_path, authority)
        files.look()
        assert (serving.pair, serving.bundle) == (pair, authority.bundle)


def test_files_that_do_not_fit_together_change_nothing(tmp_path: Path) -> None:
    files, serving = mounted(tmp_path)
    pair = put(tmp_path, found(NOW))
    files.look()
    other = issued(found(NOW), ["gatehouse"], NOW)
    (tmp_path / "tls.crt").write_text(other.certificate)
    with pytest.raises(Unreadable):
        files.look()
    assert serving.pair == pair
    (tmp_path / "tls.key").write_text(other.key)
    files.look()
    assert serving.pair == other


def test_a_file_that_is_missing_is_a_system_error(tmp_path: Path) -> None:
    files, _ = mounted(tmp_path)
    with pytest.raises(OSError, match="No such file"):
        files.look()
