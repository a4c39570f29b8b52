"""Stand-ins: what an object that is not among the files is taken to be, so that what refers to it can be judged.

Each is as good as it could be, so nothing that is found can be its fault.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as pem
from cryptography.hazmat.primitives.asymmetric import ec

from translator.api import core, experimental, gateway
from translator.api.kinds import Object
from translator.api.meta import Meta
from translator.api.parameters import EnvoyParameters
from translator.attach.authorities import AUTHORITIES
from translator.attach.certificates import CERTIFICATE, PRIVATE_KEY, TLS_SECRET
from translator.value import Ref
from xds_server.checking.references import Reference

ANY_CLASS = "any class of ours"
"""The class of a stand-in Gateway: a name that nobody can write."""
HTTP_PORT = 80


def gateway_class(name: str, controller_name: str) -> gateway.GatewayClass:
    """A class of our controller."""
    return gateway.GatewayClass(Meta(name), gateway.GatewayClassSpec(controller_name))


def stand_in(target: Ref, references: Sequence[Reference], controller_name: str) -> Object | None:
    """Return what the references ask for; None for kinds that change nothing where they lack."""
    meta = Meta(target.name, target.namespace)
    match target.kind:
        case "GatewayClass":
            return gateway_class(target.name, controller_name)
        case "Gateway":
            return gateway.Gateway(gateway.GatewayMeta(target.name, target.namespace), _gateway(references))
        case "Service":
            ports = sorted({it.port for it in references if it.port is not None})
            both = (core.ServicePort(port, protocol=transport) for port in ports for transport in ("TCP", "UDP"))
            return core.Service(meta, core.ServiceSpec(ports=tuple(both)))
        case "XBackend":
            host = experimental.ExternalHostnameBackend("any.invalid")
            spec = experimental.BackendSpec("ExternalHostname", experimental.BackendPort(HTTP_PORT), host)
            return experimental.XBackend(meta, spec)
        case "Secret":
            certificate = _certificate()
            return core.Secret(meta, TLS_SECRET, {**certificate, AUTHORITIES: certificate[CERTIFICATE]})
        case "ConfigMap":
            return core.ConfigMap(meta, {AUTHORITIES: _certificate()[CERTIFICATE].decode()})
        case "ClusterTrustBundle":
            bundle = core.ClusterTrustBundleSpec(_certificate()[CERTIFICATE].decode())
            return core.ClusterTrustBundle(meta, bundle)
        case "EnvoyParameters":
            return EnvoyParameters(meta)
        case _:
            return None


def _gateway(references: Sequence[Reference]) -> gateway.GatewaySpec:
    """A Gateway with each listener that is asked for, open to every namespace."""
    everybody = gateway.FromNamespaces("All")
    asked = dict.fromkeys((it.section, it.port) for it in references)
    listeners = (
        gateway.Listener(section or f"any-{port}", port or HTTP_PORT, "HTTP", allowed_routes=_allowed(everybody))
        for section, port in asked
    )
    return gateway.GatewaySpec(ANY_CLASS, tuple(listeners), allowed_listeners=gateway.AllowedListeners(everybody))


def _allowed(namespaces: gateway.FromNamespaces) -> gateway.AllowedRoutes:
    return gateway.AllowedRoutes(namespaces)


def _certificate() -> dict[str, bytes]:
    """A certificate whose key everybody knows: it is judged and thrown away."""
    key = ec.derive_private_key(1, ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stand-in")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    return {
        CERTIFICATE: certificate.public_bytes(pem.Encoding.PEM),
        PRIVATE_KEY: key.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption()),
    }
