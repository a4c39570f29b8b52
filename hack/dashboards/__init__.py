"""The Grafana dashboards of deploy/dashboards: a few lines for each panel here, and the JSON made from them."""

import json

from hack.dashboards.control_plane import CONTROL_PLANE
from hack.dashboards.grafana import document
from hack.dashboards.tenants import TENANTS


def written() -> dict[str, str]:
    """Return the files by name."""
    dashboards = {"control-plane.json": CONTROL_PLANE, "tenants.json": TENANTS}
    return {name: json.dumps(document(it), indent=1) + "\n" for name, it in dashboards.items()}
