"""What a pod knows of the kube-apiserver by its ServiceAccount."""

from pathlib import Path

import pytest

from xds_server.kube.service_account import ServiceAccount

ENVIRONMENT = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def folder(path: Path, token: str = "first") -> Path:
    (path / "token").write_text(token)
    (path / "ca.crt").write_text("")
    return path


def test_the_environment_says_where_and_the_folder_who(tmp_path: Path) -> None:
    account = ServiceAccount(ENVIRONMENT, folder(tmp_path))
    assert (account.host, account.authority, account.token()) == (
        "https://10.96.0.1:443",
        str(tmp_path / "ca.crt"),
        "first",
    )


def test_an_ipv6_address_stands_in_brackets(tmp_path: Path) -> None:
    assert ServiceAccount({**ENVIRONMENT, "KUBERNETES_SERVICE_HOST": "fd00::1"}, folder(tmp_path)).host == (
        "https://[fd00::1]:443"
    )


def test_a_renewed_token_is_read_within_a_minute(tmp_path: Path) -> None:
    """Until then, and where it cannot be read, the one that was read last is used."""
    now = [0.0]
    account = ServiceAccount(ENVIRONMENT, folder(tmp_path), clock=lambda: now[0])
    folder(tmp_path, "second")
    now[0] = 59.0
    assert account.token() == "first"
    now[0] = 60.0
    assert account.token() == "second"
    (tmp_path / "token").unlink()
    now[0] = 120.0
    assert account.token() == "second"


@pytest.mark.parametrize("missing", ENVIRONMENT)
def test_without_an_address_there_is_nothing_to_connect_to(missing: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=missing):
        ServiceAccount({name: value for name, value in ENVIRONMENT.items() if name != missing}, folder(tmp_path))
