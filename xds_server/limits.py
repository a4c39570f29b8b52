"""What the operating system lets this process have."""

import resource

ENOUGH = 65536
"""Where the system knows no limit."""


def raise_open_files() -> int:
    """Allow as many open files as the system permits, every Envoy's stream being one; return how many that are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(soft, ENOUGH) if hard == resource.RLIM_INFINITY else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
