"""Objects as the status writer reads them: where they are, in which version, and what their status says."""

from collections.abc import AsyncIterator

import msgspec

from translator.api.kinds import Kind
from xds_server.kube.client import ApiError, Client
from xds_server.kube.own_status import Document
from xds_server.kube.paths import path_of

PAGE = "500"


class Metadata(msgspec.Struct, frozen=True, rename="camel"):
    """The parts of an object's metadata that are read."""

    name: str
    resource_version: str
    namespace: str = ""
    generation: int = 0
    uid: str = ""


class Observed(msgspec.Struct, frozen=True):
    """An object and its status."""

    metadata: Metadata
    status: Document = msgspec.field(default_factory=dict)


class _ListMetadata(msgspec.Struct, frozen=True, rename={"token": "continue"}):
    token: str = ""


class _List(msgspec.Struct, frozen=True):
    metadata: _ListMetadata
    items: list[Observed] = []


async def pages(
    client: Client, api_version: str, kind: Kind, namespaces: tuple[str, ...] = ()
) -> AsyncIterator[list[Observed]]:
    """Yield all objects of a kind, of some namespaces or of all, some hundreds at a time; none where it is unknown."""
    for namespace in namespaces if namespaces and kind.namespaced else ("",):
        path, params = path_of(api_version, kind.plural, namespace), {"limit": PAGE}
        while True:
            try:
                page = msgspec.json.decode(await client.get(path, params), type=_List)
            except ApiError as error:
                if error.status == 404:
                    return
                raise
            yield page.items
            if not page.metadata.token:
                break
            params["continue"] = page.metadata.token
