"""Certificate files that somebody else keeps up to date, as cert-manager does in a mounted Secret."""

import asyncio
from pathlib import Path

import structlog

from translator.value import Value
from xds_server.kube.identity.authority import Pair, Unreadable, checked, checked_bundle
from xds_server.kube.identity.serving import ServingCertificate

log = structlog.get_logger()

LOOK_SECONDS = 5.0


class Paths(Value):
    """Where the files are; `bundle` is what Envoys are to trust, cert-manager's ca.crt."""

    certificate: str
    key: str
    bundle: str


def in_folder(folder: str) -> Paths:
    """The files of a mounted Secret, under the names that Kubernetes and cert-manager give them."""
    return Paths(*(str(Path(folder, name)) for name in ("tls.crt", "tls.key", "ca.crt")))


class MountedCertificate:
    """Serves what is in the files; as long as they do not fit together, what was in them before."""

    def __init__(self, paths: Paths, serving: ServingCertificate) -> None:
        self._paths = paths
        self._serving = serving
        self._read: tuple[bytes, ...] = ()
        self._problem = ""

    def look(self) -> None:
        """Read the files anew; raises Unreadable or OSError, and then nothing has changed."""
        texts = tuple(Path(it).read_bytes() for it in (self._paths.certificate, self._paths.key, self._paths.bundle))
        if texts == self._read:
            return
        try:
            certificate, key, bundle = (text.decode() for text in texts)
        except UnicodeDecodeError as error:
            raise Unreadable("a file is no PEM") from error
        self._serving.serve(checked(Pair(certificate, key)), checked_bundle(bundle))
        self._read = texts
        log.info("identity.certificate.read", path=self._paths.certificate)

    async def start(self) -> None:
        """Return once there is a certificate to serve, however long the files take."""
        while True:
            if self._looked():
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self._looked()

    def _looked(self) -> bool:
        try:
            self.look()
        except (Unreadable, OSError) as error:
            if self._problem != str(error):
                self._problem = str(error)
                log.warning("identity.certificate.failed", problem=self._problem)
            return False
        self._problem = ""
        return True
