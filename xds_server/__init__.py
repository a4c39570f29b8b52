"""Everything that touches the world: files, Kubernetes, Envoys, clocks and logs."""
