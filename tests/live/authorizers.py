"""Authorization services, over HTTP and gRPC, that let pass who says so in a header, and remember what they got."""

import http.server
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import external_auth_pb2
from envoy.type.v3 import http_status_pb2
from google.rpc import status_pb2

from tests.envoy.http_service import listening
from tests.envoy.running import LOOPBACK

PASS = "pass"
METHOD = "/envoy.service.auth.v3.Authorization/Check"


class Asked(NamedTuple):
    """What a service was asked with."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Authorizer:
    """A service that lets pass requests with `authorization: pass`, naming the user in x-user; others get 401."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Asked] = []

    def passes(self, asked: Asked) -> bool:
        """Judge a request."""
        self.asked.append(asked)
        return asked.headers.get("authorization") == PASS


@contextmanager
def over_http(**answer: str) -> Iterator[Authorizer]:
    """Answer over HTTP, with these headers where a request passes (`x_user=` is x-user)."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            passes = authorizer.passes(Asked(self.command, self.path, headers, body))
            self.send_response(200 if passes else 401)
            for name, value in answer.items() if passes else (("www-authenticate", "Basic"),):
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"ok" if passes else b"no")

        do_GET = do_POST = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    with listening(Handler) as port:
        authorizer = Authorizer(port)
        yield authorizer


@contextmanager
def over_grpc(user: str, **more: str) -> Iterator[Authorizer]:
    """Answer over Envoy's protocol, with x-user and these headers where a request passes."""

    def check(request: external_auth_pb2.CheckRequest, _: Any) -> external_auth_pb2.CheckResponse:
        asked = request.attributes.request.http
        if not authorizer.passes(Asked(asked.method, asked.path, dict(asked.headers), asked.raw_body)):
            denied = external_auth_pb2.DeniedHttpResponse(status=http_status_pb2.HttpStatus(code=401), body="no")
            return external_auth_pb2.CheckResponse(status=status_pb2.Status(code=16), denied_response=denied)
        added = {"x-user": user, **{name.replace("_", "-"): value for name, value in more.items()}}
        options = [
            base_pb2.HeaderValueOption(header=base_pb2.HeaderValue(key=name, value=value))
            for name, value in added.items()
        ]
        passed = external_auth_pb2.OkHttpResponse(headers=options)
        return external_auth_pb2.CheckResponse(status=status_pb2.Status(code=0), ok_response=passed)

    handler = grpc.unary_unary_rpc_method_handler(
        check,
        request_deserializer=external_auth_pb2.CheckRequest.FromString,
        response_serializer=external_auth_pb2.CheckResponse.SerializeToString,
    )
    service, _, method = METHOD.strip("/").partition("/")
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    authorizer = Authorizer(server.add_insecure_port(f"{LOOPBACK}:0"))
    server.start()
    try:
        yield authorizer
    finally:
        server.stop(0).wait()
