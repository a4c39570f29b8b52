"""A way to a port on a pod's own loopback, as `kubectl port-forward` opens it, with kubernetes' own credentials."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Thread
from typing import Any

import urllib3
from kubernetes import client, config
from kubernetes.stream import portforward

from xds_server.kube.errors import Unreachable

LOOPBACK = "127.0.0.1"
SECONDS = 30.0
CHUNK = 65536
Dial = Callable[[], socket.socket]


@contextmanager
def forwarded(namespace: str, selector: str, port: int) -> Iterator[tuple[str, ...]]:
    """Open a local port for each ready pod that a label selector chooses; yields them as HOST:PORT.

    Raises Unreachable where no pod is ready, or the cluster of the kubeconfig does not answer.
    """
    try:
        config.load_config()  # type: ignore[no-untyped-call]
        api = client.CoreV1Api()
        pods: list[Any] = api.list_namespaced_pod(namespace, label_selector=selector, _request_timeout=SECONDS).items
    except (config.ConfigException, client.ApiException, urllib3.exceptions.HTTPError) as error:
        raise Unreachable(f"the cluster of the kubeconfig does not answer: {error}") from error
    names = sorted(pod.metadata.name for pod in pods if is_ready(pod))
    if not names:
        raise Unreachable(f"no pod of namespace {namespace} with {selector} is ready")
    with ExitStack() as stack:
        yield tuple(stack.enter_context(_opened(_dial(api, namespace, name, port))) for name in names)


def is_ready(pod: Any) -> bool:
    """Whether a pod serves."""
    conditions = (pod.status.conditions or ()) if pod.metadata.deletion_timestamp is None else ()
    return any(it.type == "Ready" and it.status == "True" for it in conditions)


def _dial(api: Any, namespace: str, name: str, port: int) -> Dial:
    def dial() -> socket.socket:
        method = api.connect_get_namespaced_pod_portforward
        opened: socket.socket = portforward(method, name, namespace, ports=str(port)).socket(port)
        opened.setblocking(True)
        return opened

    return dial


@contextmanager
def _opened(dial: Dial) -> Iterator[str]:
    """Listen, and pass every connection on, until the block ends."""
    with socket.create_server((LOOPBACK, 0)) as server:
        Thread(target=_accept, args=(server, dial), daemon=True).start()
        yield f"{LOOPBACK}:{server.getsockname()[1]}"


def _accept(server: socket.socket, dial: Dial) -> None:
    while True:
        try:
            near, _ = server.accept()
        except OSError:  # the server was closed
            return
        far = dial()
        for source, sink in ((near, far), (far, near)):
            Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on what comes until one side has ended."""
    try:
        while data := source.recv(CHUNK):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        sink.close()
