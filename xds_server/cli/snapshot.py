"""`gatehouse snapshot`: what a running control plane serves, asked of its debug endpoint (CSDS)."""

import sys
from typing import Any

import grpc
from envoy.service.status.v3 import csds_pb2
from google.protobuf import json_format

from xds_server import rendering
from xds_server.cli.translate import dump, gateway_key, no_gateway
from xds_server.rendering import NAMES, TYPES

METHOD = "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus"
SECONDS = 30.0
MAX_BYTES = 1 << 30


def run(server: str, *, gateway: str | None, type_: str | None, output: str) -> int:
    """Ask and print; return 0, 1 where there is no such Gateway, or 2 where the server cannot be asked."""
    only = gateway_key(gateway)
    try:
        answer = fetch(server)
    except grpc.RpcError as error:
        print(f"cannot ask {server}: {error.details()}; is `gatehouse serve` or `up` running there?", file=sys.stderr)
        return 2
    wanted = None if type_ is None else TYPES[type_]
    shown = [client(config, wanted) for config in answer.config if only is None or config.node.cluster == str(only)]
    if only is not None and not shown:
        print(no_gateway(only), file=sys.stderr)
        return 1
    sys.stdout.write(dump(shown, output) if shown else "")
    return 0


def fetch(server: str) -> csds_pb2.ClientStatusResponse:
    """Return the status of all clients; raises grpc.RpcError."""
    options = [("grpc.max_receive_message_length", MAX_BYTES)]
    with grpc.insecure_channel(server, options=options) as channel:
        ask = channel.unary_unary(
            METHOD,
            request_serializer=csds_pb2.ClientStatusRequest.SerializeToString,
            response_deserializer=csds_pb2.ClientStatusResponse.FromString,
        )
        answer: csds_pb2.ClientStatusResponse = ask(csds_pb2.ClientStatusRequest(), timeout=SECONDS)
        return answer


def client(config: Any, wanted: str | None) -> dict[str, Any]:
    """Return one Envoy's state: the Gateway, the node, and its resources of the wanted type or of all."""
    resources = [resource(entry) for entry in config.generic_xds_configs if wanted is None or entry.type_url == wanted]
    return {"gateway": config.node.cluster, "envoy": config.node.id, "resources": resources}


def resource(entry: Any) -> dict[str, Any]:
    """Return one resource: name, version, whether the Envoy has it, and the configuration itself."""
    shown: dict[str, Any] = {
        "type": NAMES.get(entry.type_url, entry.type_url),
        "name": entry.name,
        "version": entry.version_info,
        "state": csds_pb2.ConfigStatus.Name(entry.config_status),
    }
    if entry.HasField("error_state"):
        shown["refused"] = json_format.MessageToDict(entry.error_state, preserving_proto_field_name=True)
    if entry.HasField("xds_config"):
        shown["config"] = rendering.decode(entry.xds_config.type_url, entry.xds_config.value)
    return shown
