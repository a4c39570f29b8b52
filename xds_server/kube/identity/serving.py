"""The certificate that the xDS server shows, and the bundle by which Envoys know it; both change while it serves."""

from collections.abc import Callable
from typing import Any

import grpc

from xds_server.kube.identity.authority import Pair


class ServingCertificate:
    """What is served now; a new one is shown from the next connection on, those that stand stay."""

    def __init__(self) -> None:
        self.bundle = ""
        """PEM of the authorities that Envoys are to trust."""
        self._pair: Pair | None = None
        self._shown: Pair | None = None
        self._watchers: list[Callable[[str], None]] = []

    @property
    def pair(self) -> Pair:
        """The certificate and its key; there is none before the first `serve`."""
        assert self._pair is not None
        return self._pair

    def watch(self, watcher: Callable[[str], None]) -> None:
        """Call this with the bundle: at once if there is one, and whenever it changes."""
        self._watchers.append(watcher)
        if self.bundle:
            watcher(self.bundle)

    def serve(self, pair: Pair, bundle: str) -> None:
        """Take this from now on."""
        self._pair = pair
        if self.bundle != bundle:
            self.bundle = bundle
            for watcher in self._watchers:
                watcher(bundle)

    def credentials(self) -> Any:
        """Return credentials for `Server.bind`; they follow what is served."""
        self._shown = self.pair
        return grpc.dynamic_ssl_server_credentials(_configuration(self.pair), self._changed)

    def _changed(self) -> Any:
        """Tell gRPC, which asks from a thread of its own before each handshake, what is new; None for nothing."""
        pair = self.pair
        if pair is self._shown:
            return None
        self._shown = pair
        return _configuration(pair)


def _configuration(pair: Pair) -> Any:
    return grpc.ssl_server_certificate_configuration([(pair.key.encode(), pair.certificate.encode())])
