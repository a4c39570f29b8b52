"""The certificate that a server shows, and the bundle by which it is known; both change while it serves."""

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

    def credentials(self, *, ask_clients: bool = False) -> Any:
        """Return credentials for `Server.bind`; they follow what is served.

        With `ask_clients` a client has to show a certificate that an authority of the bundle has signed.
        """
        return Credentials(self, ask_clients).made()


class Credentials:
    """What one port shows, and has shown."""

    def __init__(self, serving: ServingCertificate, ask_clients: bool) -> None:
        self._serving = serving
        self._ask_clients = ask_clients
        self._shown = self._current()

    def made(self) -> Any:
        """Return them as gRPC has them."""
        return grpc.dynamic_ssl_server_credentials(self._configuration(), self._changed, self._ask_clients)

    def _current(self) -> tuple[Pair, str]:
        return self._serving.pair, self._serving.bundle

    def _changed(self) -> Any:
        """Tell gRPC, which asks from a thread of its own before each handshake, what is new; None for nothing."""
        current = self._current()
        if current == self._shown:
            return None
        self._shown = current
        return self._configuration()

    def _configuration(self) -> Any:
        pair, bundle = self._shown
        roots = bundle.encode() if self._ask_clients else None
        return grpc.ssl_server_certificate_configuration([(pair.key.encode(), pair.certificate.encode())], roots)
