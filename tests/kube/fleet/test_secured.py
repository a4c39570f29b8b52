"""What an Envoy is given to trust its control plane, and to be known by it."""

import json
from typing import Any

import yaml

from translator.api.parameters import EnvoyParametersSpec
from translator.value import Key
from xds_server.kube.fleet.bootstrap import bootstrap_of, identity_files
from xds_server.kube.fleet.settings import Settings

HOST = "gatehouse.gatehouse-system.svc"
TOKEN = "/var/run/secrets/gatehouse.dev/token"


def settings(**security: str) -> Settings:
    return Settings("gatehouse.dev/c", HOST, 18000, "gatehouse:dev", **security)


def xds_cluster(**security: str) -> dict[str, Any]:
    document = yaml.safe_load(bootstrap_of(Key("shop", "edge"), EnvoyParametersSpec(), settings(**security)))
    found: dict[str, Any] = document["static_resources"]["clusters"][0]
    return found


def secret(name: str, **security: str) -> dict[str, Any]:
    (found,) = json.loads(identity_files(settings(**security))[name])["resources"]
    assert found["name"] == name
    return found


def test_the_control_plane_is_known_by_its_name_and_an_authority_that_is_read_again() -> None:
    tls = xds_cluster(ca="PEM")["transport_socket"]["typed_config"]
    assert tls["sni"] == HOST
    validation = tls["common_tls_context"]["combined_validation_context"]
    assert validation["default_validation_context"] == {
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": HOST}}]
    }
    assert validation["validation_context_sds_secret_config"]["sds_config"]["path_config_source"] == {
        "path": "/etc/envoy/xds-validation.json",
        "watched_directory": {"path": "/etc/envoy"},
    }
    assert secret("xds-validation.json", ca="PEM")["validation_context"] == {
        "trusted_ca": {"filename": "/etc/envoy/ca.crt"},
        "watched_directory": {"path": "/etc/envoy"},
    }
    assert identity_files(settings(ca="PEM"))["ca.crt"] == "PEM"


def test_a_token_is_named_and_never_held() -> None:
    assert "http_filters" in json.dumps(xds_cluster(ca="PEM", audience="gatehouse.dev/xds"))
    assert secret("xds-token.json", ca="PEM", audience="gatehouse.dev/xds")["generic_secret"]["secret"] == {
        "filename": TOKEN,
        "watched_directory": {"path": "/var/run/secrets/gatehouse.dev"},
    }


def test_no_token_is_shown_without_tls() -> None:
    assert xds_cluster(audience="gatehouse.dev/xds") == xds_cluster()
    assert identity_files(settings(audience="gatehouse.dev/xds")) == {}
