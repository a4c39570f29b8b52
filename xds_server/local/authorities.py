"""Where this machine keeps the CA certificates that come with its system."""

import ssl
from pathlib import Path

from translator.pipeline import SYSTEM_AUTHORITIES

KNOWN = (
    SYSTEM_AUTHORITIES,
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Of Debian and its like, Fedora and its like, openSUSE, Alpine and macOS."""


def system_authorities() -> str:
    """Return the first file that is there; Debian's if none is."""
    of_openssl = ssl.get_default_verify_paths().cafile
    candidates = (*KNOWN, *((of_openssl,) if of_openssl else ()))
    return next((it for it in candidates if Path(it).is_file()), SYSTEM_AUTHORITIES)
