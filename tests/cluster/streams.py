"""Streams of xDS as an Envoy of a Gateway opens them: over TLS, with a token of its ServiceAccount."""

import asyncio
from typing import Any

import grpc
from envoy.service.discovery.v3 import discovery_pb2

from tests.cluster.commands import kubectl
from translator.value import Key
from translator.xds.resource import ResourceType
from xds_server.ads.service import SERVICE
from xds_server.kube.identity import AUDIENCE

LIMIT = 60.0
DELTA, SOTW = "DeltaAggregatedResources", "StreamAggregatedResources"
REQUESTS = {DELTA: discovery_pb2.DeltaDiscoveryRequest, SOTW: discovery_pb2.DiscoveryRequest}


async def token(home: str, account: str, audience: str | None = AUDIENCE) -> str:
    """Have a token issued, as a kubelet does for a pod; without an audience it is one for the kube-apiserver."""
    chosen = () if audience is None else (f"--audience={audience}",)
    return (await asyncio.to_thread(kubectl, "create", "token", account, f"--namespace={home}", *chosen)).strip()


async def first_answer(target: str, name: str, bundle: str, method: str, gateway: Key, shown: str) -> bytes:
    """Ask who is called `name` for a Gateway's clusters; return the first answer."""
    options = (("grpc.ssl_target_name_override", name),)
    trust = grpc.ssl_channel_credentials(bundle.encode())
    request = REQUESTS[method](node={"id": "e", "cluster": str(gateway)}, type_url=ResourceType.CLUSTER.value)
    async with grpc.aio.secure_channel(target, trust, options) as channel:
        metadata = (("authorization", f"Bearer {shown}"),)
        call: Any = channel.stream_stream(f"/{SERVICE}/{method}")(metadata=metadata, timeout=LIMIT)
        await call.write(request.SerializeToString())
        answer: bytes = await call.read()
        call.cancel()
        return answer
