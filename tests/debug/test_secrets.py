"""No answer of any method holds a secret, be it of a world that is full of them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from envoy.service.status.v3.csds_pb2 import ClientStatusRequest

from tests.builders import config_map, gateway, gateway_class, http_route, https, service
from tests.echo.certificates import self_signed
from translator.api.core import Secret
from translator.api.meta import Meta
from translator.pipeline import Settings
from translator.value import Key, Ref
from translator.xds.resource import ResourceChange, ResourceType, resource
from xds_server.control_plane import ControlPlane
from xds_server.debug import csds
from xds_server.debug.known import Known
from xds_server.debug.methods import METHODS, watched
from xds_server.debug.v1 import debug_pb2 as pb
from xds_server.files import Put

EDGE = Key("shop", "edge")
TOKEN, PASSWORD = "s3cret-t0ken-of-a-generic-secret", "p4ssword-of-somebody"


BASIC = base64.b64encode(b"ann:" + PASSWORD.encode()).decode()


class World:
    """A control plane whose Secrets are in use, changed once, and what must never be seen of them."""

    def __init__(self, folder: Path) -> None:
        self.plane = ControlPlane(Settings(dns_services=True))
        self.never: list[bytes] = [TOKEN.encode(), PASSWORD.encode(), BASIC.encode()]
        self._put("GatewayClass", gateway_class())
        client = {"backend": {"clientCertificateRef": {"name": "shown"}}}
        self._put("Gateway", gateway(https("tls", "tls"), https("two", "two", port=8443), tls=client))
        for name in ("tls", "two", "shown", "tls"):
            self._secret(folder, name)
        self._put("ConfigMap", config_map("ca", (folder / "tls.crt").read_text()))
        self._put("Service", service("cart", ports=[{"port": 80, "appProtocol": "https"}]))
        sets = {"set": [{"name": "Authorization", "value": f"Basic {BASIC}"}]}
        rule = {
            "matches": [{"headers": [{"name": "x-api-key", "value": PASSWORD}]}],
            "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": sets}],
            "backendRefs": [
                {
                    "name": "cart",
                    "port": 80,
                    "filters": [
                        {
                            "type": "ResponseHeaderModifier",
                            "responseHeaderModifier": {"add": [{"name": "Set-Cookie", "value": TOKEN}]},
                        }
                    ],
                }
            ],
        }
        self._put("HTTPRoute", http_route(rule, name="cart"))
        self._generic()

    def _put(self, kind: str, value: Any) -> None:
        self.plane.change([Put(Ref(kind, *value.metadata.key), value)])

    def _secret(self, folder: Path, name: str) -> None:
        certificate, key = self_signed(folder, "a.example.com")
        data = {"tls.crt": certificate.read_bytes(), "tls.key": key.read_bytes(), "token": TOKEN.encode()}
        self._put("Secret", Secret(Meta(name=name, namespace="shop"), "kubernetes.io/tls", data))
        lines = key.read_text().splitlines()
        self.never += [it.encode() for it in lines if "PRIVATE" in it or len(it) > 20]

    def _generic(self) -> None:
        """Secrets of every type that Envoy knows, whether we make any or not."""
        from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret as EnvoySecret

        for number, field in enumerate(("generic_secret", "tls_certificate", "session_ticket_keys")):
            message = EnvoySecret(name=f"other/{number}")
            if field == "generic_secret":
                message.generic_secret.secret.inline_string = TOKEN
            elif field == "tls_certificate":
                message.tls_certificate.password.inline_string = PASSWORD
            else:
                message.session_ticket_keys.keys.add(inline_bytes=TOKEN.encode())
            made = resource(message.name, message.SerializeToString())
            self.plane.snapshots.apply([ResourceChange(EDGE, ResourceType.SECRET, message.name, made)])

    def answers(self) -> Iterator[tuple[str, bytes]]:
        known = Known(self.plane, tuple)
        questions: dict[str, list[Any]] = {
            "ListGateways": [pb.ListGatewaysRequest(resources=True)],
            "ListObjects": [pb.ListObjectsRequest()],
            "GetObject": [pb.GetObjectRequest(object=pb.Object(kind="Secret", namespace="shop", name="tls"))],
            "GetSnapshot": [pb.GetSnapshotRequest(gateway="shop/edge")],
            "ListChanges": [pb.ListChangesRequest(contents=True, limit=100)],
            "Explain": [
                pb.ExplainRequest(method="GET", url="https://a.example.com/", headers=["x-api-key: 1"]),
                pb.ExplainRequest(method="GET", url="https://a.example.com/", headers=[f"x-api-key: {PASSWORD}"]),
            ],
        }
        assert questions.keys() == METHODS.keys()
        for name, asked in questions.items():
            for question in asked:
                yield from ((name, it) for it in METHODS[name](known, question.SerializeToString()))
        show = watched(pb.WatchChangesRequest(contents=True).SerializeToString())
        for change in self.plane.history.last():
            yield from (("WatchChanges", it) for it in show(change))
        yield "CSDS", csds.answer(ClientStatusRequest().SerializeToString(), (), self.plane.snapshots)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("secrets"))


def test_no_byte_of_a_secret_is_in_any_answer(world: World) -> None:
    """As it is, in base64 as JSON has bytes, and in base64 of the whole."""
    seen = set()
    for name, answer in world.answers():
        seen.add(name)
        for secret in world.never:
            forms = (secret, base64.b64encode(secret)[:-4], json.dumps(secret.decode()).encode())
            assert not any(form in answer for form in forms), name
        for start in (0, 1, 2):  # wherever it stands in something larger that is base64
            assert base64.b64encode(TOKEN.encode()[start:])[2:-4] not in answer, name
            assert base64.b64encode(PASSWORD.encode()[start:])[2:-4] not in answer, name
    assert seen == {*METHODS, "WatchChanges", "CSDS"}


def test_the_secrets_are_there_all_the_same(world: World) -> None:
    """What is shown of them is who they are: names, versions and certificates."""
    answer = b"".join(it for name, it in world.answers() if name == "GetSnapshot")
    assert b"shop/tls" in answer
    assert b"[redacted]" in answer
    assert b"certificate_chain" in answer
