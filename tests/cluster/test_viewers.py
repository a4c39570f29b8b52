"""Who may look inside, by a real kube-apiserver: a token, and a role with the path that the chart's has."""

import asyncio
import json

import pytest

from tests.cluster.commands import kubectl
from tests.cluster.streams import token
from xds_server.ads.admission import Forbidden, Unauthenticated
from xds_server.kube.client import Client
from xds_server.kube.identity import Viewers
from xds_server.kube.identity.viewers import PATH, VERB
from xds_server.kube.paths import path_of

pytestmark = [pytest.mark.cluster, pytest.mark.anyio]

LIMIT = 60.0


async def test_a_role_with_the_path_lets_in_and_nothing_else_does(client: Client, home: str) -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "ann", "namespace": home}}
    await client.apply(path_of("v1", "serviceaccounts", home, "ann"), account, manager="viewers")
    shown = f"Bearer {await token(home, 'ann', None)}"
    with pytest.raises(Unauthenticated):
        await Viewers(client).admit(f"{shown}x")
    with pytest.raises(Forbidden, match=r"system:serviceaccount:.*:ann may not get /gatehouse/debug"):
        await Viewers(client).admit(shown)
    name = f"{home}-debug-viewer"
    rule = {"nonResourceURLs": [PATH], "verbs": [VERB]}
    head = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    subject = {"kind": "ServiceAccount", "name": "ann", "namespace": home}
    role = {**head, "kind": "ClusterRole", "rules": [rule]}
    binding = {**head, "kind": "ClusterRoleBinding", "roleRef": reference, "subjects": [subject]}
    try:
        for document in (role, binding):
            await asyncio.to_thread(kubectl, "apply", "--filename=-", given=json.dumps(document))
        async with asyncio.timeout(LIMIT):
            while True:  # the kube-apiserver takes a moment to see the binding
                try:
                    assert await Viewers(client).admit(shown) == f"system:serviceaccount:{home}:ann"
                except Forbidden:
                    continue
                return
    finally:
        for kind in ("clusterrolebinding", "clusterrole"):
            await asyncio.to_thread(kubectl, "delete", kind, name, "--ignore-not-found")
