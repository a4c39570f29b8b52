"""`gatehouse page`: the way to the page of a running control plane."""

import sys
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from threading import Event

from xds_server.cli.asking import CANNOT_ASK, forwarded_to, is_cluster
from xds_server.kube.errors import Unreachable

PORT = 18002
SECONDS = 10.0


def run(server: str, *, open_in_browser: bool) -> int:
    """Print where the page is, of a cluster that of each replica until Ctrl-C; return 0, or 2 where there is none."""
    try:
        with ExitStack() as stack:
            remote = is_cluster(server)
            addresses = stack.enter_context(forwarded_to(server, PORT)) if remote else (server,)
            _lead([f"http://{it}/" for it in addresses], open_in_browser)
            if remote:
                Event().wait()
    except urllib.error.URLError as error:
        print(f"{server}: {error.reason}; is `gatehouse serve` or `up` running there?", file=sys.stderr)
        return CANNOT_ASK
    except (Unreachable, OSError, ValueError) as error:
        print(f"{server}: {error}", file=sys.stderr)
        return CANNOT_ASK
    except KeyboardInterrupt:
        pass
    return 0


def _lead(urls: Sequence[str], open_in_browser: bool) -> None:
    """Print and open what answers; raises URLError for what does not."""
    for url in urls:
        with urllib.request.urlopen(url, timeout=SECONDS):  # noqa: S310
            print(f"Page: {url}", flush=True)
        if open_in_browser:
            webbrowser.open(url)
