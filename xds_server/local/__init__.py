"""A laptop instead of a cluster: addresses, Envoys and echo Deployments for Gateways that come from files."""
