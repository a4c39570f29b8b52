"""CSDS, asked through the stubs that Envoy publishes."""

import grpc
from envoy.service.status.v3 import csds_pb2, csds_pb2_grpc


def fetch(address: str) -> csds_pb2.ClientStatusResponse:
    """Return the status of all clients; raises grpc.RpcError."""
    with grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 1 << 30)]) as channel:
        stub = csds_pb2_grpc.ClientStatusDiscoveryServiceStub(channel)
        return stub.FetchClientStatus(csds_pb2.ClientStatusRequest(), timeout=30)
