"""Everything that touches the world: files, Kubernetes, Envoys, clocks and logs."""

from xds_server import lean

lean.install()
