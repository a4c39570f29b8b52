"""A pod's own ServiceAccount: where the kube-apiserver is, who vouches for it, and a token that the kubelet renews.

It is read here and not by `kubernetes`, whose import takes 11 MiB and a fifth of a second of every replica's start.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
FRESH = 60.0
"""Seconds for which a token that was read is used; the kubelet renews it long before it ends."""


class ServiceAccount:
    """What a kubelet puts into a pod; raises OSError or ValueError where it is not there."""

    def __init__(
        self, environment: Mapping[str, str], folder: Path = FOLDER, clock: Callable[[], float] = time.monotonic
    ) -> None:
        host, port = (environment.get(f"KUBERNETES_SERVICE_{name}") for name in ("HOST", "PORT"))
        if not host or not port:
            raise ValueError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not say where to connect to")
        self.host = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
        self.authority = str(folder / "ca.crt")
        self._folder = folder
        self._clock = clock
        self._token = self._read()
        self._read_at = clock()

    def token(self) -> str:
        """Return the token as it was a minute ago at most; one that cannot be read again stays as it was."""
        if self._clock() - self._read_at >= FRESH:
            self._read_at = self._clock()
            try:
                self._token = self._read()
            except (OSError, ValueError):
                return self._token
        return self._token

    def _read(self) -> str:
        token = (self._folder / "token").read_text().strip()
        if not token:
            raise ValueError(f"{self._folder / 'token'} is empty")
        return token
