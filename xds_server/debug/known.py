"""What there is to ask about."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from translator.pipeline import Translator
from translator.status import Status
from translator.value import Ref
from xds_server.ads.report import StreamReport
from xds_server.ads.troubles import Trouble
from xds_server.history import History
from xds_server.snapshot import SnapshotCache


class Plane(Protocol):
    """A control plane, as far as it is asked."""

    translator: Translator
    snapshots: SnapshotCache
    history: History

    @property
    def statuses(self) -> Mapping[Ref, Status]:
        """What every object is told."""
        ...


class Known(NamedTuple):
    """A control plane, and what its streams say."""

    plane: Plane
    streams: Callable[[], Iterable[StreamReport]]
    troubles: Callable[[], Iterable[Trouble]] = tuple
