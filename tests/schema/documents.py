"""Documents as users write them, and the shortest way to have one judged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from xds_server.schema import Admitted, Catalog, Channel, catalog

DATA = Path(__file__).parent / "data"
GATEWAY_V1 = "gateway.networking.k8s.io/v1"
CATALOGS: Mapping[Channel, Catalog] = {channel: catalog(channel) for channel in Channel}


def admit(document: dict[str, Any], channel: Channel = Channel.EXPERIMENTAL) -> Admitted:
    definition = CATALOGS[channel].definition(document["apiVersion"], document["kind"])
    assert definition is not None, f"{document['kind']} is no kind of ours"
    return definition.admit(document)


def refusals(document: dict[str, Any], channel: Channel = Channel.EXPERIMENTAL) -> list[str]:
    return list(map(str, admit(document, channel).violations))


def read(path: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def document(kind: str, api_version: str = GATEWAY_V1, name: str = "a", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def http_route(*rules: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return document("HTTPRoute", spec={"rules": list(rules), **spec})


def gateway(*listeners: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return document("Gateway", spec={"gatewayClassName": "gatehouse", "listeners": list(listeners), **spec})


def service(**spec: Any) -> dict[str, Any]:
    return document("Service", "v1", spec=spec)
