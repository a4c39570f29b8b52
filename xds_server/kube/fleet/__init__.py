"""The Envoys of every Gateway: what is needed in the cluster to run them, brought about and kept so (GEP-1762)."""

from xds_server.kube.fleet.fleet import Fleet
from xds_server.kube.fleet.settings import Settings

__all__ = ["Fleet", "Settings"]
