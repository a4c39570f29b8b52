"""What every Envoy of a fleet has in common, whichever Gateway it serves."""

from translator.value import Value

ENVOY_IMAGE = "docker.io/envoyproxy/envoy:distroless-v1.40.0"

PROBE_PORT = 19001
"""Where an Envoy answers `/ready` and `/stats/prometheus`."""
SHUTDOWN_PORT = 19002
"""Where the shutdown manager says when an Envoy has drained."""


class Settings(Value):
    """What the Envoys are started with."""

    controller_name: str
    xds_host: str
    """Where they find the control plane, e.g. gatehouse.gatehouse-system.svc."""
    xds_port: int
    image: str
    """Gatehouse's own, which the shutdown manager is in."""
    envoy_image: str = ENVOY_IMAGE
    image_pull_policy: str = "IfNotPresent"
    ca: str = ""
    """PEM of who signs the control plane's certificate; empty: xDS without TLS."""
    audience: str = ""
    """Of the ServiceAccount tokens that the Envoys show; empty: they show none."""
    ipv6: bool = False
    """Whether pods are reached by IPv6, by kubelets above all; then Envoys listen at addresses of both families."""
