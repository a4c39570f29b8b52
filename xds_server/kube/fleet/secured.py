"""What an Envoy is given to know its control plane by, and to show who it is, in files that it reads again.

Envoy reads a file anew only where an SDS resource names it. So there are two small SDS files that never change; they
name the bundle and the token, which do, and Envoy watches the folders that these are in, where a kubelet swaps the
`..data` link. The same file in a static secret of the bootstrap, or in a DataSource elsewhere, is read once.
"""

import json
from typing import Any

from translator.value import Value

TYPES = "type.googleapis.com/envoy.extensions"
SDS_VALIDATION = "xds-validation.json"
SDS_TOKEN = "xds-token.json"  # noqa: S105
PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


class Files(Value):
    """Where an Envoy finds things."""

    folder: str
    """Of the SDS files and the bundle, one ConfigMap."""
    bundle: str = "ca.crt"
    token: str = ""
    """The path of the token; empty: none is shown."""


def sds_files(files: Files) -> dict[str, str]:
    """Return the SDS files by name."""
    bundle = {
        "trusted_ca": {"filename": f"{files.folder}/{files.bundle}"},
        "watched_directory": {"path": files.folder},
    }
    made = {SDS_VALIDATION: _sds(SDS_VALIDATION, {"validation_context": bundle})}
    if files.token:
        token = {"filename": files.token, "watched_directory": {"path": files.token.rpartition("/")[0]}}
        made[SDS_TOKEN] = _sds(SDS_TOKEN, {"generic_secret": {"secret": token}})
    return made


def secure(cluster: dict[str, Any], name: str, files: Files) -> None:
    """Let the cluster of the control plane speak TLS with who is called `name`, and show the token."""
    cluster["transport_socket"] = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{TYPES}.transport_sockets.tls.v3.UpstreamTlsContext",
            "sni": name,
            "common_tls_context": {
                "alpn_protocols": ["h2"],
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "combined_validation_context": {
                    "default_validation_context": {
                        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}]
                    },
                    "validation_context_sds_secret_config": _from_file(SDS_VALIDATION, files),
                },
            },
        },
    }
    if files.token:
        options = cluster["typed_extension_protocol_options"][PROTOCOL_OPTIONS]
        options["http_filters"] = [_token_filter(files), _codec()]


def _token_filter(files: Files) -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.credential_injector",
        "typed_config": {
            "@type": f"{TYPES}.filters.http.credential_injector.v3.CredentialInjector",
            "overwrite": True,
            "credential": {
                "name": "envoy.http.injected_credentials.generic",
                "typed_config": {
                    "@type": f"{TYPES}.http.injected_credentials.generic.v3.Generic",
                    "credential": _from_file(SDS_TOKEN, files),
                    "header": "authorization",
                    "header_value_prefix": "Bearer ",
                },
            },
        },
    }


def _codec() -> dict[str, Any]:
    config = {"@type": f"{TYPES}.filters.http.upstream_codec.v3.UpstreamCodec"}
    return {"name": "envoy.filters.http.upstream_codec", "typed_config": config}


def _from_file(name: str, files: Files) -> dict[str, Any]:
    source = {"path": f"{files.folder}/{name}", "watched_directory": {"path": files.folder}}
    return {"name": name, "sds_config": {"path_config_source": source, "resource_api_version": "V3"}}


def _sds(name: str, secret: dict[str, Any]) -> str:
    resource = {"@type": f"{TYPES}.transport_sockets.tls.v3.Secret", "name": name, **secret}
    return json.dumps({"resources": [resource]}, indent=2)
