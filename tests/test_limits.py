"""As many files as the system lets a process have."""

import resource

from xds_server.limits import raise_open_files


def test_a_process_may_open_as_many_files_as_it_is_permitted_to() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft), hard))
    try:
        most = raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, hard)
        assert most >= soft
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
