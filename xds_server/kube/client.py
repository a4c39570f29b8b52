"""Raw requests to the kube-apiserver: bytes in, bytes out, every wait bounded. Meaning is the caller's business."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple, Self, TypeAlias

import aiohttp
import msgspec
from yarl import URL

from xds_server.kube.credentials import Credentials
from xds_server.kube.errors import ApiError, KubeError, Unreachable, refusal

__all__ = ["ApiError", "Client", "KubeError", "Unreachable"]

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

TIMEOUT = 30.0
"""Seconds for a whole request, and for the first byte of a stream."""
CONNECT_TIMEOUT = 10.0
IDLE_TIMEOUT = 130.0
"""Seconds of silence after which a stream counts as dead; bookmarks come about every minute."""
KEEPALIVE = ((socket.TCP_KEEPIDLE, 20), (socket.TCP_KEEPINTVL, 5), (socket.TCP_KEEPCNT, 4))
"""A host that is gone without a word is noticed in about 40 seconds, whatever the stream has to say."""

WHOLE = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT)
"""What aiohttp is to look after where TIMEOUT is for all of a request."""

FAILURES = (aiohttp.ClientError, OSError, TimeoutError)

Params: TypeAlias = Mapping[str, str]


class Request(NamedTuple):
    """What is sent, host and credentials apart."""

    method: str
    path: str
    params: Params | None = None
    data: bytes | None = None
    content_type: str = JSON
    accept: str = JSON


class Client:
    """One session with the kube-apiserver; `async with await Client.load():` closes it at the end."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        connector = aiohttp.TCPConnector(limit=0, socket_factory=_socket)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            headers={"Accept": JSON, "Accept-Encoding": "identity", "User-Agent": "gatehouse"},
            cookie_jar=aiohttp.DummyCookieJar(),
            read_bufsize=2**18,
        )

    @classmethod
    async def load(cls, kubeconfig: str | None = None) -> Self:
        """Connect as the kubeconfig says, or KUBECONFIG, a pod's ServiceAccount, the user's own kubeconfig.

        Raises CredentialsError where there are no credentials; that the kube-apiserver answers is not checked.
        """
        credentials = Credentials(kubeconfig)
        await credentials.load()
        return cls(credentials)

    @property
    def host(self) -> str:
        """Where the kube-apiserver is, e.g. `https://10.96.0.1:443`."""
        return self._credentials.host

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End all streams and connections."""
        await self._session.close()

    async def get(self, path: str, params: Params | None = None, *, accept: str = JSON) -> bytes:
        """Return the body of a GET; raises ApiError or Unreachable."""
        return await self._whole(Request("GET", path, params, accept=accept))

    async def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = JSON, params: Params | None = None
    ) -> bytes:
        """Send a document, if there is one, and return the answer's body; raises ApiError or Unreachable."""
        data = None if body is None else msgspec.json.encode(body)
        return await self._whole(Request(method, path, params, data, content_type))

    async def apply(
        self, path: str, document: Mapping[str, Any], *, manager: str, force: bool = True, params: Params | None = None
    ) -> bytes:
        """Server-side apply: own these fields as `manager`, taking them from others if `force`."""
        asked = {"fieldManager": manager, "force": "true" if force else "false", **(params or {})}
        return await self.request("PATCH", path, document, content_type=APPLY_PATCH, params=asked)

    async def patch(
        self, path: str, document: Any, content_type: str = MERGE_PATCH, params: Params | None = None
    ) -> bytes:
        """Change parts of an object: a merge patch, or a list of operations as JSON_PATCH."""
        return await self.request("PATCH", path, document, content_type=content_type, params=params)

    async def delete(self, path: str, body: Any = None, params: Params | None = None) -> bytes:
        """Delete an object; what it owns goes in the background. One that is not there raises ApiError 404."""
        return await self.request("DELETE", path, body, params={"propagationPolicy": "Background", **(params or {})})

    async def stream(
        self, path: str, params: Params | None = None, *, accept: str = JSON, idle: float = IDLE_TIMEOUT
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a GET as they come, until the server ends it; half a line at the end is dropped.

        Raises ApiError where it is refused, Unreachable where it breaks off or says nothing for `idle` seconds.
        Close it (`contextlib.aclosing`), or the connection lives on.
        """
        request = Request("GET", path, params, accept=accept)
        rest = b""
        async with await self._begun(request, idle) as response:
            try:
                async for chunk in response.content.iter_any():
                    *lines, rest = (rest + chunk if rest else chunk).split(b"\n")
                    for line in lines:
                        yield line
            except FAILURES as error:
                raise _unreachable(request, error) from error

    async def _whole(self, request: Request) -> bytes:
        try:
            async with asyncio.timeout(TIMEOUT), await self._answer(request, WHOLE) as response:
                return await response.read()
        except FAILURES as error:
            raise _unreachable(request, error) from error

    async def _begun(self, request: Request, idle: float) -> aiohttp.ClientResponse:
        """Return the answer whose body is a stream once its head is there."""
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._answer(request, aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT, sock_read=idle))
        except FAILURES as error:
            raise _unreachable(request, error) from error

    async def _answer(self, request: Request, patience: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send a request and return its answer, if it is a good one; refused credentials are read again, once."""
        response = await self._send(request, patience)
        if response.status == 401 and await self._credentials.refused():
            response.close()
            response = await self._send(request, patience)
        if response.status >= 300:
            async with response:
                raise await _refusal(request, response)
        return response

    async def _send(self, request: Request, patience: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send a request and wait for the head of its answer."""
        credentials = self._credentials
        headers = {"Accept": request.accept, **await credentials.headers()}
        if request.data is not None:
            headers["Content-Type"] = request.content_type
        try:
            return await self._session.request(
                request.method,
                URL(credentials.host + request.path, encoded=True),
                params=request.params,
                data=request.data,
                headers=headers,
                ssl=credentials.tls,
                server_hostname=credentials.server_name,
                proxy=credentials.proxy,
                allow_redirects=False,
                timeout=patience,
            )
        except aiohttp.ClientSSLError as error:
            await credentials.refused()
            raise _unreachable(request, error) from error
        except FAILURES as error:
            raise _unreachable(request, error) from error


async def _refusal(request: Request, response: aiohttp.ClientResponse) -> ApiError:
    try:
        async with asyncio.timeout(TIMEOUT):
            body = await response.read()
    except FAILURES as error:
        raise _unreachable(request, error) from error
    return refusal(response.status, body, response.headers.get("Retry-After"))


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Make a socket that asks whether the other side is still there."""
    family, kind, protocol = address[:3]
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in KEEPALIVE:
        made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


def _unreachable(request: Request, error: BaseException) -> Unreachable:
    return Unreachable(f"{request.method} {request.path}: {str(error) or type(error).__name__}")
