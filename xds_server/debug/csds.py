"""envoy.service.status.v3 (CSDS): the snapshots, and where each Envoy stands with them. Private keys never leave.

The messages come from `xds-protos`, whose descriptors cost memory: this module is imported with the first question.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import re2
from envoy.admin.v3.config_dump_shared_pb2 import ClientResourceStatus, UpdateFailureState
from envoy.config.core.v3.base_pb2 import Node
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.service.status.v3.csds_pb2 import ClientConfig, ClientStatusRequest, ClientStatusResponse, ConfigStatus
from envoy.type.matcher.v3.node_pb2 import NodeMatcher
from envoy.type.matcher.v3.string_pb2 import StringMatcher
from google.protobuf.message import DecodeError

from translator.value import Key
from translator.xds.resource import Resource, ResourceType
from xds_server.ads.report import ResourceReport, Standing, StreamReport
from xds_server.rendering import REDACTED, SECRET_HEADERS, is_secret_header
from xds_server.snapshot import Item, Snapshot, SnapshotCache

STANDINGS = {
    Standing.SYNCED: (ConfigStatus.SYNCED, ClientResourceStatus.ACKED),
    Standing.STALE: (ConfigStatus.STALE, ClientResourceStatus.REQUESTED),
    Standing.NOT_SENT: (ConfigStatus.NOT_SENT, ClientResourceStatus.REQUESTED),
    Standing.ERROR: (ConfigStatus.ERROR, ClientResourceStatus.NACKED),
}
"""What we know of a resource, and what the Envoy must think of it."""

_CREDENTIALS = re.compile("|".join(SECRET_HEADERS).encode(), re.IGNORECASE)


def answer(question: bytes, streams: Iterable[StreamReport], snapshots: SnapshotCache) -> bytes:
    """Answer a serialised ClientStatusRequest; raises ValueError for one that cannot be."""
    try:
        request = ClientStatusRequest.FromString(question)
    except DecodeError as error:
        raise ValueError(f"not a ClientStatusRequest: {error}") from error
    serialised: bytes = response(request, streams, snapshots).SerializeToString()
    return serialised


def response(
    request: ClientStatusRequest, streams: Iterable[StreamReport], snapshots: SnapshotCache
) -> ClientStatusResponse:
    """Answer for every stream, and for every Gateway that no Envoy is connected for: there nothing is sent yet."""
    reports = list(streams)
    bodies = not request.exclude_resource_contents
    clients = [_of_stream(report, snapshots[report.gateway], bodies) for report in reports]
    connected = {report.gateway for report in reports}
    idle = [_of_gateway(gateway, snapshots[gateway], bodies) for gateway in snapshots if gateway not in connected]
    wanted = [it for it in (*clients, *idle) if _matches(request.node_matchers, it.node)]
    wanted.sort(key=lambda it: (it.node.cluster, it.node.id))
    return ClientStatusResponse(config=wanted)


def _of_stream(report: StreamReport, snapshot: Snapshot, bodies: bool) -> ClientConfig:
    configs = [
        _config(of_type.type, resource, snapshot, bodies) for of_type in report.types for resource in of_type.resources
    ]
    return ClientConfig(node=Node.FromString(report.node.body), generic_xds_configs=configs)


def _of_gateway(gateway: Key, snapshot: Snapshot, bodies: bool) -> ClientConfig:
    configs = [
        _config(kind, ResourceReport(name, Standing.NOT_SENT, "", ""), snapshot, bodies)
        for kind in ResourceType
        for name in sorted(snapshot.names(kind))
    ]
    return ClientConfig(node=Node(cluster=str(gateway)), generic_xds_configs=configs)


def _config(
    kind: ResourceType, resource: ResourceReport, snapshot: Snapshot, bodies: bool
) -> ClientConfig.GenericXdsConfig:
    ours, its = STANDINGS[resource.standing]
    config = ClientConfig.GenericXdsConfig(
        type_url=kind,
        name=resource.name,
        version_info=snapshot.version(kind, resource.name),
        config_status=ours,
        client_status=its,
    )
    if resource.refused:
        config.error_state.CopyFrom(UpdateFailureState(details=resource.words, version_info=resource.refused))
    body = _body(kind, resource.name, snapshot) if bodies else None
    if body is not None:
        config.xds_config.type_url, config.xds_config.value = kind, body
    return config


def _body(kind: ResourceType, name: str, snapshot: Snapshot) -> bytes | None:
    if kind is ResourceType.ROUTE:
        table = snapshot.tables.get(name)
        return None if table is None or table.head is None else _without_credentials(table.body)
    resource = snapshot.get(kind, Item(name))
    if not isinstance(resource, Resource):
        return None
    return _redacted(resource.body) if kind is ResourceType.SECRET else resource.body


def _without_credentials(body: bytes) -> bytes:
    """Return a RouteConfiguration without the values of headers that may be credentials; most have none of these."""
    if _CREDENTIALS.search(body) is None:
        return body
    whole = RouteConfiguration.FromString(body)
    for host in whole.virtual_hosts:
        for route in host.routes:
            shares = route.route.weighted_clusters.clusters
            for holder in (route, *shares):
                for option in (*holder.request_headers_to_add, *holder.response_headers_to_add):
                    if is_secret_header(option.header.key):
                        option.header.value, option.header.raw_value = REDACTED, b""
            for matcher in route.match.headers:
                if is_secret_header(matcher.name):
                    matcher.ClearField("string_match")
                    matcher.string_match.exact = REDACTED
    redacted: bytes = whole.SerializeToString()
    return redacted


def _redacted(body: bytes) -> bytes:
    """Return a Secret without its private key: the certificate chain alone is fit to be shown."""
    whole = Secret.FromString(body)
    shown = Secret(name=whole.name)
    shown.tls_certificate.certificate_chain.CopyFrom(whole.tls_certificate.certificate_chain)
    shown.tls_certificate.private_key.inline_string = REDACTED
    redacted: bytes = shown.SerializeToString()
    return redacted


def _matches(matchers: Iterable[NodeMatcher], node: Node) -> bool:
    """Say whether a node satisfies one of the matchers; all do where there is none."""
    verdicts = list(_verdicts(matchers, node))
    return not verdicts or any(verdicts)


def _verdicts(matchers: Iterable[NodeMatcher], node: Node) -> Iterator[bool]:
    for matcher in matchers:
        if matcher.node_metadatas:
            raise ValueError("node_metadatas of a node_matcher are not supported; match by node_id")
        yield _string_matches(matcher.node_id, node.id)


def _string_matches(matcher: StringMatcher, text: str) -> bool:
    pattern: Any = getattr(matcher, matcher.WhichOneof("match_pattern") or "exact")
    if matcher.HasField("safe_regex"):
        return re2.fullmatch(pattern.regex, text) is not None
    if matcher.ignore_case:
        pattern, text = pattern.lower(), text.lower()
    match matcher.WhichOneof("match_pattern"):
        case "prefix":
            return text.startswith(pattern)
        case "suffix":
            return text.endswith(pattern)
        case "contains":
            return pattern in text
        case "exact":
            return bool(text == pattern)
    raise ValueError("a node_matcher's node_id must be exact, prefix, suffix, contains or safe_regex")
