"""Where the kube-apiserver keeps things: the path of a kind, an object or a part of one."""

from urllib.parse import quote


def path_of(api_version: str, plural: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Return the URL's path, e.g. `/apis/apps/v1/namespaces/shop/deployments/cart/status`.

    Without a name it is that of the collection; without a namespace, of a cluster-scoped kind or of all namespaces.
    """
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    within = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    steps = "".join(f"/{quote(step, safe='')}" for step in (plural, name, subresource) if step)
    return f"{root}{within}{steps}"
