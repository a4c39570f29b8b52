"""`gatehouse translate`: what is printed, and what is said where there is nothing to print."""

from pathlib import Path

import yaml
from typer.testing import CliRunner

from xds_server.cli.main import app

QUICKSTART = str(Path(__file__).parents[2] / "examples" / "quickstart")


def test_one_type_of_one_gateway() -> None:
    """--gateway and --type leave what was asked for."""
    result = CliRunner().invoke(app, ["translate", QUICKSTART, "--gateway", "default/gateway", "--type", "routes"])
    (gateways,) = yaml.safe_load_all(result.stdout)
    assert result.exit_code == 0
    assert list(gateways) == ["default/gateway"]
    assert list(gateways["default/gateway"]) == ["routes"]


def test_a_gateway_that_is_not_there_is_named() -> None:
    """A name that was mistyped is not answered with nothing."""
    result = CliRunner().invoke(app, ["translate", QUICKSTART, "--gateway", "default/gatway"])
    assert result.exit_code == 1
    assert result.stderr == "there is no Gateway default/gatway of a GatewayClass of ours\n"


def test_a_gateway_needs_its_namespace() -> None:
    """NAME alone is an error of usage, which says what is wanted."""
    result = CliRunner().invoke(app, ["translate", QUICKSTART, "--gateway", "gateway"])
    assert result.exit_code == 2
    assert "NAMESPACE/NAME" in result.stderr
