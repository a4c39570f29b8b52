"""What libraries load when they are imported, and a control plane does not need, is kept out.

structlog would import rich, and all languages that it can colour, to show tracebacks in colours. aiohttp would read the
certificates of a hundred and fifty authorities, twice, for requests over TLS that come without a context of their own;
ours all have one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from translator.importing import standing_in, within

AUTHORITIES = "SSL_CERT_FILE"
"""Where OpenSSL looks for the file of all authorities."""


@contextmanager
def _no_authorities() -> Iterator[None]:
    """Let TLS contexts be made without the file of all authorities."""
    known = os.environ.get(AUTHORITIES)
    os.environ[AUTHORITIES] = os.devnull
    try:
        yield
    finally:
        if known is None:
            del os.environ[AUTHORITIES]
        else:
            os.environ[AUTHORITIES] = known


def install() -> None:
    """Keep it out of all that is imported from now on."""
    within("structlog".__eq__, partial(standing_in, {"rich": None}))
    within("aiohttp.connector".__eq__, _no_authorities)
