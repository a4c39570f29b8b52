"""Services of several clusters: a ServiceImport is asked at all that its EndpointSlices name, as they come and go."""

import pytest

from tests.live.client import requests
from tests.live.documents import Document, backend, http_route, rule
from tests.live.stack import Folder, echoes, up

pytestmark = [pytest.mark.envoy, pytest.mark.xdist_group("service import")]

IMPORT: Document = {
    "apiVersion": "multicluster.x-k8s.io/v1alpha1",
    "kind": "ServiceImport",
    "metadata": {"name": "cart", "namespace": "shop"},
    "spec": {"type": "ClusterSetIP", "ports": [{"name": "http", "port": 80}]},
}


def imported(cluster: str, port: int) -> Document:
    labels = {"multicluster.kubernetes.io/service-name": "cart", "multicluster.kubernetes.io/source-cluster": cluster}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"imported-{cluster}", "namespace": "shop", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["127.0.0.1"]}],
        "ports": [{"name": "http", "port": port}],
    }


def test_it_is_asked_in_every_cluster_that_exports_it(folder: Folder) -> None:
    ref = backend("cart", group="multicluster.x-k8s.io", kind="ServiceImport")
    with echoes("east", "west") as ports:
        folder.write("import.yaml", IMPORT)
        folder.write("east.yaml", imported("east", ports["east"]))
        folder.write("routes.yaml", http_route("cart", rule(ref)))
        with up(folder.path) as gatehouse:
            edge, host = gatehouse.edge(), "cart.example.com"
            assert edge.pod(host) == "east"
            with requests(edge, host) as load:
                folder.write("west.yaml", imported("west", ports["west"]))
                gatehouse.wait_until(lambda: edge.pod(host) == "west", "the other cluster")
                folder.remove("east.yaml")
                gatehouse.wait_until(lambda: {edge.pod(host) for _ in range(10)} == {"west"}, "one cluster")
            assert load.statuses.keys() == {200}, load.failures
            folder.remove("import.yaml")
            gatehouse.wait_until(lambda: edge.status(host) == 500, "the route to have no backend")
