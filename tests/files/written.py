"""Files as people write them, and a source that waits for nothing."""

from pathlib import Path

from translator.value import Ref
from xds_server.files import Batch, Change, FileSource, Put


def route(name: str, host: str = "a.example.com", namespace: str = "team", extra: str = "") -> str:
    """An HTTPRoute that a kube-apiserver would take."""
    return f"""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {name}
  namespace: {namespace}
spec:
  parentRefs:
  - name: gateway
  hostnames:
  - {host}
{extra}"""


def bad_route(name: str) -> str:
    """An HTTPRoute that a kube-apiserver would refuse: on line 10, for a hostname."""
    return route(name, "Not_A_Host")


def write(path: Path, *documents: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(documents))
    return path


def source(*paths: Path | str, **settings: object) -> FileSource:
    """A source for which what is gone is gone at once."""
    return FileSource([str(path) for path in paths], **{"settle": 0.0, **settings})  # type: ignore[arg-type]


def ref(name: str, namespace: str = "team", kind: str = "HTTPRoute") -> Ref:
    return Ref(kind, namespace, name)


def routes(batch: Batch) -> list[Change]:
    """The changes of a batch but for the Namespaces that come and go with them."""
    return [change for change in batch.changes if change.ref.kind != "Namespace"]


def put(batch: Batch) -> dict[Ref, object]:
    return {change.ref: change.value for change in routes(batch) if isinstance(change, Put)}
